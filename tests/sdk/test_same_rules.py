"""The offline check and the server agree: on what is valid, on quantities, on a plugin's content."""

import copy
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.archives.reader import PluginArchive
from api.resources import documents as theirs
from api.resources import quantities as their_quantities
from api.resources.flaws import read_manifest
from api.resources.manifest import PlaygroundManifest
from playground_sdk.content import content_digest
from playground_sdk.manifests import quantities
from playground_sdk.manifests.check import check_documents
from playground_sdk.manifests.documents import Document, ManifestError
from playground_sdk.manifests.rules import at
from playground_sdk.manifests.yaml_reader import read_documents
from playground_sdk.packing import pack_folder
from playground_sdk.schema import load_schema

GOOD: dict[str, Any] = {
    "apiVersion": "playground/v1",
    "kind": "Playground",
    "metadata": {"name": "a", "labels": {"team": "vision"}, "annotations": {"x": [1]}, "resourceVersion": "5"},
    "spec": {
        "plugin": {"release": "hello@1"},
        "model": 1,
        "params": {"a": {"b": 1.5}},
        "env": [
            {"name": "A", "value": "0"},
            {"name": "B", "value": ""},
            {"name": "C", "secretRef": "s"},
            {"name": "D", "value": "x", "secret": True},
        ],
        "envFrom": [{"secretRef": "s"}, {"secretRef": "t", "prefix": "T_"}],
        "state": "Running",
        "resources": {"cpu": "500m", "memory": "2Gi", "gpu": 0, "shm": "64Mi"},
        "port": {"host": 7900, "container": 8080},
        "readiness": {"path": "/config", "timeout": "60s"},
        "restartPolicy": "Always",
        "ttl": "8h",
    },
}
DIGEST = f"sha256:{'a' * 64}"
VALUES: list[Any] = [
    *(
        None,
        True,
        0,
        -1,
        1.5,
        10**20,
        "",
        "a",
        "A b",
        "a\nb",
        [],
        {},
        [1],
        {"a": 1},
        "x" * 400,
        "8h",
        "1h30m",
        "0s",
        "9999d",
    ),
    *(
        "2Gi",
        "2GB",
        "1",
        "500m",
        "0",
        "0.5",
        "1.5m",
        "5Mi",
        "a@1",
        "@1",
        "a@",
        DIGEST,
        "sha256:0",
        "/x",
        "x/",
        "Running",
    ),
    *("running", "Always", "plugin_runtime", "code_server", 7860, 65536, "\0", "²Gi", "1s\n", {"a": "b"}, {"": "b"}),
    *({"a=b": "c"}, {"a": "b\n"}, [{"name": "A", "value": "x"}] * 2, [{"name": "1", "value": "x"}], {"image": "x"}),
    *({"name": "A", "value": "x", "secretRef": "y"}, {"name": "A", "secret": True, "secretRef": "y"}),
    *([{"name": "A"}, {"name": "A"}], [{"name": "A", "value": None}]),
    *({"image": "x", "archive": DIGEST}, {"release": "a@1", "archive": DIGEST}, {"image": "x y"}, {"b": {}}),
]


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document, and beside each object's fields a new one."""
    found = [path]
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += paths(inner, (*path, key))
    return [*found, (*path, "extra")] if isinstance(value, dict) else found


def changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    root: dict[str, Any] = {"": copy.deepcopy(GOOD)}
    at: Any = root
    for step in ("", *path)[:-1]:
        at = at[step]
    at[("", *path)[-1]] = value
    found = root[""]
    return found if isinstance(found, dict) else {}


def ours_refuses(value: dict[str, Any]) -> list[str]:
    try:
        check_documents([Document("x", 1, value, Path())])
    except ManifestError as exc:
        return [str(problem) for problem in exc.problems]
    return []


@pytest.mark.parametrize("path", [path for path in paths(GOOD) if path], ids=lambda path: ".".join(map(str, path)))
def test_both_refuse_the_same_documents(path: tuple[Any, ...]) -> None:
    for value in VALUES:
        document = changed(path, value)
        if str(at(document, "spec", "plugin", "archive") or DIGEST)[:7] != "sha256:":
            continue  # a folder of this machine, which only the command line knows
        _, flaws = read_manifest(theirs.Document(document))
        ours = ours_refuses(document)
        assert bool(ours) == bool(flaws), (path, value, ours, [str(flaw) for flaw in flaws])


def test_the_shipped_schema_is_the_server_s_own() -> None:
    made = PlaygroundManifest.model_json_schema(by_alias=True)
    shipped = dict(load_schema("playground").root)
    told = {"$schema", "$id", "title", "description"}
    assert {key: part for key, part in shipped.items() if key not in told} == {
        key: part for key, part in made.items() if key not in told
    }


def test_what_is_good_is_good_for_both() -> None:
    assert ours_refuses(GOOD) == []
    assert read_manifest(theirs.Document(GOOD))[1] == ()


@pytest.mark.parametrize("kind", ["cpu", "bytes", "duration"])
@given(text=st.from_regex(r"[0-9.]{0,6}[a-zA-Z]{0,3}([0-9]{1,3}[smhd])?", fullmatch=True))
@settings(max_examples=300, deadline=None)
def test_quantities_are_read_alike(kind: str, text: str) -> None:
    def read(module: Any) -> float | None:
        try:
            return float(getattr(module, f"parse_{kind}")(text))
        except ValueError:
            return None

    assert read(quantities) == read(their_quantities)


TEXTS = [
    "a: yes\nb: 010\nc: 0x1F\nd: 1_000\ne: 1e3\nf: 1.5\ng: ~\nh: 1:30\ni: 2024-01-01\nj: 'on'\nk: +5",
    "x: &x {p: 1}\ny: {<<: *x, q: [*x, *x]}",
    "? a\n: b",
    "a: >\n  folded\n  text\nb: |\n  kept\n",
    "---\na: 1\n...\n---\nb: 2\n",
]


@pytest.mark.parametrize("text", TEXTS)
def test_yaml_is_read_alike(text: str) -> None:
    ours = read_documents(text.encode(), "x", Path())
    their = theirs.load_yaml(text.encode(), theirs.Limits(size=10_000))
    assert [document.value for document in ours] == [document.value for document in their]


def plugin(folder: Path) -> Path:
    for name, text in {
        "config.yaml": "code: a",
        "plugin/page.py": "x = 1\n",
        "ä.txt": "",
        "Z": "z",
        "a/b/c": "c",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "run").write_text("#!/bin/sh\n")
    (folder / "run").chmod(0o755)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "left.pyc").write_text("behind")
    return folder


def their_digest(archive: Path) -> str:
    with PluginArchive(archive) as opened:
        return opened.content_digest()


def test_the_digest_of_a_folder_is_that_of_its_archive_and_the_server_s(tmp_path: Path) -> None:
    folder = plugin(tmp_path / "plugin")
    archive = tmp_path / "plugin.zip"
    pack_folder(folder, archive)
    assert content_digest(folder) == content_digest(archive) == their_digest(archive)
    (folder / "Z").write_text("other")
    assert content_digest(folder) != content_digest(archive)


@pytest.mark.parametrize("config", ["wrapped/config.yaml", "wrapped/inner/config.yaml"])
def test_a_folder_around_everything_is_taken_off_where_the_server_does(tmp_path: Path, config: str) -> None:
    archive = tmp_path / "wrapped.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(config, "code: a")
        packed.writestr("wrapped/x.py", "1")
        packed.writestr("__MACOSX/wrapped/._x.py", "ignored")
        packed.writestr("wrapped/.DS_Store", "ignored")
    assert content_digest(archive) == their_digest(archive)


def test_exec_bits_count_only_where_they_mean_something(tmp_path: Path) -> None:
    archive = tmp_path / "dos.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for name, system in (("config.yaml", 3), ("dos.sh", 0), ("unix.sh", 3)):
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = system, 0o100755 << 16
            packed.writestr(info, os.sep)
    assert content_digest(archive) == their_digest(archive)
