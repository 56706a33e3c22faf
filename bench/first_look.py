"""What a first look at everything is busy with, by the files of a stack."""

from collections.abc import Callable, Sequence

from bench.sampler import Place

_LOOK = "controller/loop/overview.py"
LIST, READ, VALUES = "the fake engine's list", "the records, out of the database", "the validated values of each record"
HASH, DECISION, KEPT = "the hash of what each wants", "the decision that all is well", "what is kept of it, and freed"
_RULES: tuple[tuple[str, Callable[[str], bool]], ...] = (
    (LIST, lambda file: file.endswith("tests/fakes/engine.py")),
    (VALUES, lambda file: file.endswith("api/store/rows.py")),
    (READ, lambda file: "/api/store/" in file),
    (HASH, lambda file: file.endswith(("controller/planner/wanted.py", "controller/domain/container_spec.py"))),
    (DECISION, lambda file: "/controller/planner/" in file or file.endswith("controller/loop/reconciler.py")),
)
"""The first one that holds of any file of a stack says what it is busy with."""


def part_of(stack: Sequence[Place]) -> str | None:
    """What that stack, innermost first, is busy with; None where nobody looks at everything. Pure."""
    files = [file for file, _ in stack]
    if not any(file.endswith(_LOOK) for file in files):
        return None
    return next((part for part, is_of_it in _RULES if any(map(is_of_it, files))), KEPT)
