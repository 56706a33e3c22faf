"""`python -m bench.sampled OUT MODULE`: runs a module, and writes where its main thread's time goes, as JSON.

Only a server's event loop is looked at, not its start; it ends as usual, by a signal.
"""

import json
import runpy
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.sampler import Place, sampling

_START = ("api/http/serve.py", "api/http/__main__.py")
_LOOP = "asyncio/base_events.py"
STATEMENTS, VALUES = "SQLite's statements", "the write around them"
LOG, BODY, REPLY = "the log's lines", "the body, checked and made into values", "the reply"
LAYERS, LOOP, WAITS = "the layers of a request", "HTTP and the event loop", "waits for a commit, or a client"
_OF_THE_LOOP = ("/asyncio/", "/uvicorn/")
_STATEMENTS = ("api/store/prepared.py", "api/store/group_commit.py")
_RULES: tuple[tuple[str, Callable[[str], bool]], ...] = (
    (VALUES, lambda file: "/api/store/" in file),
    (LOG, lambda file: "/structlog/" in file),
    (BODY, lambda file: file.endswith(("api/http/body.py", "api/http/wanted.py"))),
    (REPLY, lambda file: file.endswith(("api/resources/agent_view.py", "api/http/links.py", "api/http/replies.py"))),
    (LAYERS, lambda file: "/starlette/" in file or ("/api/http/" in file and not file.endswith(_START))),
)
"""The first one that holds of any file of a stack says what it is busy with."""


def part_of(stack: Sequence[Place]) -> str | None:
    """What that stack, innermost first, is busy with; None where no event loop is in it. Pure."""
    files = [file for file, _ in stack]
    if not any(file.endswith(_LOOP) for file in files):
        return None
    if stack[0][0].endswith("selectors.py") and stack[0][1] == "select":
        return WAITS
    if stack[0][0].endswith(_STATEMENTS):
        return STATEMENTS
    if any(folder in stack[0][0] for folder in _OF_THE_LOOP):
        return LOOP
    return next((part for part, is_of_it in _RULES if any(map(is_of_it, files))), LOOP)


def main() -> None:
    """Run it, and write what was seen when it ends."""
    out, module = Path(sys.argv[1]), sys.argv[2]
    sys.argv = [module]
    with sampling(part_of) as seen:
        try:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        finally:
            out.write_text(json.dumps(seen))


if __name__ == "__main__":
    main()
