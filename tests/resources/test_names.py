"""Identities, the names made from them, and labels."""

import re

import pytest
from pydantic import ValidationError

from api.resources.identity import Identity, Kind, image_name, playground_name, sanitise, split_release
from api.resources.playground import PlaygroundSpec, labels_from_list, labels_to_list
from api.resources.value import timestamp

RELEASES = [
    "hello@1.0.0",
    "hello",
    "Hello@1.0.0",
    "he_llo@1.0.0",
    "hello@1.0.0-rc1",
    "@",
    "a@b@c",
    "日本語@1",
    "../../etc@1",
    "x" * 300,
    "hello--world@1",
    "-@-",
]


def test_the_key_tells_all_identities_apart() -> None:
    assert Identity(plugin_release="a@1").key == "plugin_runtime/a@1/-"
    assert Identity(plugin_release="a@1", model=0).key == "plugin_runtime/a@1/0"
    assert Identity(plugin_release="a@1", kind=Kind.CODE_SERVER, model=7).key == "code_server/a@1/7"


@pytest.mark.parametrize(
    ("release", "parts"),
    [
        ("a@1", ("a", "1")),
        ("a", ("a", None)),
        ("a@b@1", ("a@b", "1")),
        ("a@", ("a", "")),
        ("@1", ("", "1")),
    ],
)
def test_a_release_is_split_at_the_last_at(release: str, parts: tuple[str, str | None]) -> None:
    assert split_release(release) == parts


def test_plain_releases_have_plain_names() -> None:
    assert playground_name(Identity(plugin_release="hello@1.0.0")) == "hello-1-0-0"
    assert playground_name(Identity(plugin_release="hello@1.0.0", model=3)) == "hello-1-0-0-m3"


def test_names_are_dns_labels_and_differ_as_identities_do() -> None:
    identities = [
        Identity(plugin_release=release, model=model, kind=kind)
        for release in RELEASES
        for model in (None, 0, 12345678901234567890)
        for kind in Kind
    ]
    names = [playground_name(identity) for identity in identities]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name) for name in names), names
    assert names == [playground_name(identity) for identity in identities]


@pytest.mark.parametrize("release", RELEASES)
def test_image_names_are_dockers(release: str) -> None:
    name = image_name(release)
    component = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
    assert re.fullmatch(component, name)
    assert name.startswith("synapse-plugin-")
    assert len(name) <= 200


def test_image_names_that_clients_know() -> None:
    assert image_name("my-plugin@1.0.0") == "synapse-plugin-my-plugin-1.0.0"
    assert image_name("hello") == "synapse-plugin-hello"


def test_sanitising_never_gives_nothing() -> None:
    assert [sanitise(text) for text in ("", "---", "é", "A b")] == ["x", "x", "x", "a-b"]


@pytest.mark.parametrize("labels", [["gradio", "team=vision", "a=b=c"], [], ["x="]])
def test_labels_as_list_and_as_map(labels: list[str]) -> None:
    as_map = labels_from_list(labels)
    assert labels_from_list(labels_to_list(as_map)) == as_map


def test_labels_without_a_name_are_dropped_and_the_last_one_counts() -> None:
    assert labels_from_list(["=x", "", "a=1", "a=2"]) == {"a": "2"}


def test_times_on_the_wire_are_utc_with_milliseconds() -> None:
    assert timestamp(None) is None
    assert timestamp(0.0) == "1970-01-01T00:00:00.000Z"
    assert timestamp(1_000_000.0625) == "1970-01-12T13:46:40.062Z"


@pytest.mark.parametrize(
    "fields",
    [
        {"envs": {"1A": "x"}},
        {"envs": {"A=B": "x"}},
        {"envs": {"A\n": "x"}},
        {"container_port": 0},
        {"container_port": 65536},
        {"readiness": {"path": "config"}},
        {"readiness": {"path": "/a b"}},
        {"readiness": {"path": "/a\n"}},
        {"readiness": {"timeout": 0}},
        {"resources": {"memory": 1024}},
        {"resources": {"cpu": 0}},
        {"unknown": 1},
    ],
)
def test_specs_that_cannot_be(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PlaygroundSpec.model_validate({"plugin_release": "hello@1", **fields})
