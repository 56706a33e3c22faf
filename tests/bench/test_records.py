"""The world of settled records: it grows, and a look at it finds all of it settled."""

from bench.scenarios.records import worlds


def test_a_world_grows_and_is_looked_at_at_each_size() -> None:
    found = worlds([3, 6])
    assert [each["records"] for each in found] == [3, 6]
    for each in found:
        looks = [each[name] for name in ("first", "full", "settled", "settled_cpu", "list")]
        assert len(set(map(len, looks))) == 1
        assert min(map(min, looks)) > 0.0
