"""Which part of the code a stack is busy with, and that a module is looked at while it runs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.sampled import BODY, LAYERS, LOG, LOOP, REPLY, STATEMENTS, VALUES, WAITS, part_of
from bench.sampler import Place

LOOPS: list[Place] = [
    ("/x/asyncio/events.py", "_run"),
    ("/x/asyncio/base_events.py", "_run_once"),
    ("/p/api/http/serve.py", "serve"),
    ("/p/api/http/__main__.py", "main"),
]
ROUTED: list[Place] = [("/p/api/http/creates.py", "create_playground"), ("/x/starlette/routing.py", "app"), *LOOPS]
GROUP: list[Place] = [("/p/api/store/group_commit.py", "run"), ("/p/api/http/writes.py", "_run"), *LOOPS]


@pytest.mark.parametrize(
    ("stack", "part"),
    [
        ([("/x/selectors.py", "select"), *LOOPS], WAITS),
        (LOOPS, LOOP),
        ([("/x/uvicorn/protocols/http/httptools_impl.py", "send"), *LOOPS], LOOP),
        ([("/x/uvicorn/protocols/http/httptools_impl.py", "send"), *ROUTED], LOOP),
        ([("/x/asyncio/selector_events.py", "write"), *ROUTED], LOOP),
        (ROUTED, LAYERS),
        ([("/x/structlog/_base.py", "_process_event"), *ROUTED], LOG),
        ([("/x/pydantic/main.py", "__init__"), ("/p/api/http/wanted.py", "parse_create"), *ROUTED], BODY),
        ([("/p/api/resources/agent_view.py", "container_view"), *ROUTED], REPLY),
        ([("/p/api/store/prepared.py", "all"), ("/p/api/store/playgrounds.py", "work"), *GROUP], STATEMENTS),
        ([("/p/api/store/json_text.py", "dump_json"), ("/p/api/store/prepared.py", "all"), *GROUP], VALUES),
        ([("/x/pydantic/main.py", "__init__"), ("/p/api/store/playgrounds.py", "_insert"), *GROUP], VALUES),
    ],
)
def test_a_stack_is_busy_with_one_part(stack: list[Place], part: str) -> None:
    assert part_of(stack) == part


def test_a_start_is_no_part() -> None:
    assert part_of([("/p/api/store/database.py", "open_database"), ("/p/api/http/serve.py", "serve")]) is None


def test_it_is_written_when_the_module_ends(tmp_path: Path) -> None:
    code = (
        "import asyncio, time\n"
        "def work():\n"
        "    end = time.process_time() + 0.05\n"
        "    while time.process_time() < end: pass\n"
        "async def main():\n"
        "    asyncio.get_running_loop().call_soon(work)\n"
        "    await asyncio.sleep(0.05)\n"
        "asyncio.run(main())\n"
    )
    (tmp_path / "looping.py").write_text(code)
    command = [sys.executable, "-m", "bench.sampled", str(tmp_path / "out.json"), "looping"]
    path = f"{Path(__file__).parents[2]}:{tmp_path}"
    subprocess.run(command, check=True, env={"PYTHONPATH": path}, timeout=60)
    seen = json.loads((tmp_path / "out.json").read_text())
    assert seen.keys() <= {LOOP, WAITS}
    assert seen[LOOP] > 0
