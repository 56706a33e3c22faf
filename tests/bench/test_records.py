"""The world of settled records: it grows, and a look at it finds all of it settled."""

from bench.scenarios.records import worlds


def test_a_world_grows_and_is_looked_at_at_each_size() -> None:
    found = worlds([3, 6])
    assert [each["records"] for each in found] == [3, 6]
    for each in found:
        assert len(each["full"]) == len(each["settled"]) == len(each["list"])
        assert min(each["full"] + each["settled"]) > 0.0
