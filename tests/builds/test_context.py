"""The tar that the engine gets: the same bytes for the same plugin, in pieces, with only what belongs there."""

import io
import os
import tarfile
import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import pytest

from api.archives.config import read_config
from api.archives.errors import ArchiveRefused
from api.archives.reader import read_archive
from controller.builds.context import stream_context
from controller.builds.recipe import archive_recipe
from tests.archives.ziplab import PAGE, Part, build, honest, plain_zip, plugin_files

BASE = "playground-gradio-base:latest"
WITH_PACKAGES = {
    **plugin_files(),
    "requirements.txt": b"-r more.txt\n",
    "more.txt": b"numpy\n",
    "wheels/demo_lib-1.0-py3-none-any.whl": b"PK",
    "run.sh": b"#!/bin/sh\n",
    "Dockerfile": b"FROM evil\n",
    ".dockerignore": b"*\n",
}


def tar_of(path: Path) -> bytes:
    with read_archive(path) as archive:
        return b"".join(stream_context(archive, archive_recipe(archive, read_config(archive), BASE)))


def zipped(tmp_path: Path, files: Mapping[str, bytes], name: str = "a.zip") -> Path:
    return plain_zip(tmp_path / name, files, executable=["run.sh"])


def test_what_is_in_it(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(tar_of(zipped(tmp_path, WITH_PACKAGES)))) as tar:
        members = tar.getmembers()
        page = tar.extractfile("app/plugin/gradio_interface.py")
        dockerfile = tar.extractfile("Dockerfile")
        assert page is not None
        assert dockerfile is not None
        assert page.read() == PAGE
        assert dockerfile.read().startswith(b"FROM playground-gradio-base:latest\n")
    assert [member.name for member in members] == [
        "Dockerfile",
        "app", "app/.dockerignore", "app/Dockerfile", "app/config.yaml", "app/more.txt",
        "app/plugin", "app/plugin/__init__.py", "app/plugin/gradio_interface.py", "app/requirements.txt", "app/run.sh",
        "app/wheels", "app/wheels/demo_lib-1.0-py3-none-any.whl",
        "deps",
        "deps/files", "deps/files/more.txt", "deps/files/requirements.txt",
        "deps/files/wheels", "deps/files/wheels/demo_lib-1.0-py3-none-any.whl",
        "deps/installer.py", "deps/plan.json",
    ]  # fmt: skip
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in members} == {(0, 0, 0, "", "")}
    assert {m.name for m in members if m.mode == 0o755} == {
        "app", "app/plugin", "app/wheels", "app/run.sh", "deps", "deps/files", "deps/files/wheels",
    }  # fmt: skip
    assert all(m.mode in {0o644, 0o755} and (m.isfile() or m.isdir()) for m in members)


def test_the_same_plugin_is_the_same_bytes(tmp_path: Path) -> None:
    first = tar_of(zipped(tmp_path, WITH_PACKAGES))
    again = plain_zip(
        tmp_path / "b.zip",
        {f"w/{name}": data for name, data in reversed(WITH_PACKAGES.items())},
        executable=["w/run.sh"],
        date=(2000, 2, 2, 2, 2, 2),
    )
    assert tar_of(again) == first


def test_without_packages_there_are_no_deps(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(tar_of(zipped(tmp_path, plugin_files())))) as tar:
        assert not [name for name in tar.getnames() if name.startswith("deps")]


def test_with_the_tree_first_the_files_are_there_once(tmp_path: Path) -> None:
    files = {**plugin_files(), "requirements.txt": b"-e .\n"}
    with tarfile.open(fileobj=io.BytesIO(tar_of(zipped(tmp_path, files)))) as tar:
        assert [name for name in tar.getnames() if name.startswith("deps")] == [
            "deps", "deps/installer.py", "deps/plan.json",
        ]  # fmt: skip


def test_names_that_no_plain_tar_holds(tmp_path: Path) -> None:
    files = {**plugin_files(), "모델/" + "a" * 200 + "/" + "b" * 150: b"long", "x" * 101: b"y", "ü.txt": b"u"}
    with tarfile.open(fileobj=io.BytesIO(tar_of(zipped(tmp_path, files)))) as tar:
        assert {f"app/{name}" for name in files} <= set(tar.getnames())


def test_it_is_never_whole_in_memory(tmp_path: Path) -> None:
    size = 48 * 1024 * 1024
    path = zipped(tmp_path, {**plugin_files(), "weights.bin": os.urandom(1024 * 1024) * 48})
    with read_archive(path) as archive:
        recipe = archive_recipe(archive, read_config(archive), BASE)
        tracemalloc.start()
        pieces = [len(piece) for piece in stream_context(archive, recipe)]
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert sum(pieces) > size
    assert max(pieces) < 512 * 1024
    assert peak < 4 * 1024 * 1024


def test_many_small_files_are_few_pieces(tmp_path: Path) -> None:
    path = zipped(tmp_path, {**plugin_files(), **{f"data/{n}.txt": b"x" for n in range(500)}})
    with read_archive(path) as archive:
        recipe = archive_recipe(archive, read_config(archive), BASE)
        assert len(list(stream_context(archive, recipe))) < 6


def test_a_damaged_file_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(build(honest(Part(b"plugin/zzz.bin", b"abc", crc=1))))
    with pytest.raises(ArchiveRefused, match=r"'plugin/zzz\.bin'"):
        tar_of(path)
