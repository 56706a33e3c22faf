"""The world of settled records: it grows, a look finds all of it settled, and it is told what that is spent on."""

import pytest

from bench.first_look import DECISION, HASH, KEPT, LIST, READ, VALUES, part_of
from bench.sampler import Place
from bench.scenarios.records import worlds

LOOK: list[Place] = [("/p/controller/loop/overview.py", "_glance"), ("/p/bench/settled_world.py", "_look")]
GLANCE: list[Place] = [("/p/controller/planner/glance.py", "glance"), ("/p/controller/loop/reconciler.py", "x"), *LOOK]


def test_a_world_grows_and_is_looked_at_at_each_size() -> None:
    found = worlds([50, 100])
    assert [each["records"] for each in found] == [50, 100]
    for each in found:
        looks = [each[name] for name in ("first", "full", "settled", "settled_cpu", "list")]
        assert len(set(map(len, looks))) == 1
        assert min(map(min, looks)) > 0.0
        assert each["parts"].keys() <= {LIST, READ, VALUES, HASH, DECISION, KEPT}
        assert sum(each["parts"].values()) > 0


@pytest.mark.parametrize(
    ("stack", "part"),
    [
        ([("/p/tests/fakes/engine.py", "listing"), *LOOK], LIST),
        ([("/x/sqlalchemy/engine/base.py", "execute"), ("/p/api/store/work.py", "work"), *LOOK], READ),
        ([("/p/api/store/rows.py", "from_texts"), ("/p/api/store/work.py", "work"), *LOOK], VALUES),
        (
            [("/p/controller/domain/container_spec.py", "_text_of"), ("/p/controller/planner/wanted.py", "x"), *GLANCE],
            HASH,
        ),
        (GLANCE, DECISION),
        ([("/p/controller/loop/prober.py", "watch"), *LOOK], KEPT),
        (LOOK, KEPT),
        ([("/p/api/store/work.py", "load")], None),
    ],
)
def test_a_first_look_is_busy_with_one_part(stack: list[Place], part: str | None) -> None:
    assert part_of(stack) == part
