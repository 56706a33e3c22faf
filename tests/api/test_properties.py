"""Whatever is sent: an answer, never a crash; and however it is cut into pieces, the same answer."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.http.body import parse
from api.http.errors import InvalidRequestError
from api.http.multipart import PartReader
from api.http.wanted import form_values, named_release, parse_create, wanted_playground
from api.resources.wanted import WantedPlayground
from tests.api.raw import BOUNDARY, field, file_part, form

T = TypeVar("T")

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=8), children, max_size=4),
    max_leaves=10,
)
FIELDS = (
    "plugin_release", "plugin", "version", "action", "entrypoint", "model", "params", "envs", "metadata", "labels",
    "kind", "backend_container_id", "image", "name", "container_port", "health_path", "egress", "unknown",
)  # fmt: skip
plausible: dict[str, st.SearchStrategy[Any]] = {
    "plugin_release": st.sampled_from(["a@1", "a", "@org/x@2", "a@", "@"]),
    "version": st.sampled_from(["1", 1, 1.5, "2"]),
    "kind": st.sampled_from(["plugin_runtime", "code_server"]),
    "model": st.integers(-5, 5),
    "container_port": st.integers(-1, 70000),
    "health_path": st.sampled_from(["/", "/x", "x", "/a b", "/\n"]),
    "egress": st.booleans(),
    "envs": st.dictionaries(st.sampled_from(["A", "B_1", "c.d"]), st.text(max_size=5) | st.integers() | st.booleans()),
    "labels": st.lists(st.sampled_from(["a", "b=c", "=", ""]), max_size=3),
}
bodies = st.fixed_dictionaries(
    {}, optional={name: json_values | plausible[name] if name in plausible else json_values for name in FIELDS}
)


def _answer(work: Callable[[], T]) -> T | None:
    """What `work` makes of the input, or None when it refuses it in the right form."""
    try:
        return work()
    except InvalidRequestError as error:
        refused = error
    assert refused.problems
    assert all(problem.loc[0] == "body" and problem.view()["msg"] for problem in refused.problems)
    return None


@settings(max_examples=300, deadline=None)
@given(bodies)
def test_a_create_is_understood_or_refused(body: dict[str, Any]) -> None:
    def understood() -> WantedPlayground:
        create = parse_create(body)
        return wanted_playground(create, named_release(create), None)

    wanted = _answer(understood)
    if wanted is not None:
        assert wanted.spec.model == body.get("model")
        assert "@" in wanted.spec.plugin_release


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), st.lists(st.text(max_size=30), min_size=1, max_size=2)))
def test_form_fields_are_understood_or_refused(fields: dict[str, list[str]]) -> None:
    _answer(lambda: parse_create(form_values(fields)))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_are_json_or_refused(raw: bytes) -> None:
    _answer(lambda: parse(raw, ("body",)))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_a_form_reads_the_same_however_it_is_cut(content: bytes, cuts: list[int]) -> None:
    safe = content.replace(BOUNDARY.encode(), b"")
    body = form(field("labels", "a"), file_part(safe), field("model", "1"))
    assert _read(body, [len(body)]) == _read(body, cuts) == [("labels", b"a"), ("file", safe), ("model", b"1")]


def _read(body: bytes, cuts: list[int]) -> list[tuple[str, bytes]]:
    parts, found, at, turn = PartReader(BOUNDARY.encode()), [], 0, 0
    name, data = "", b""
    while at < len(body):
        size = cuts[turn % len(cuts)]
        for event in parts.feed(body[at : at + size]):
            match event.kind:
                case "begin":
                    name, data = event.name, b""
                case "data":
                    data += event.data
                case "end":
                    found.append((name, data))
        at, turn = at + size, turn + 1
    assert parts.finished
    return found


def test_all_problems_come_in_one_answer() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        parse_create({"model": "x", "params": [], "envs": {"1": None}, "labels": {}, "kind": "k"})
    assert len(refused.value.problems) == 5
