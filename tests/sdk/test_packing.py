"""Packing a plugin's folder."""

import os
import zipfile
from pathlib import Path

import pytest

from playground_sdk.packing import pack_folder


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    folder = tmp_path / "my-plugin"
    for name in ("plugin/__init__.py", "plugin/gradio_interface.py", "config.yaml", "requirements.txt", "run.sh"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (folder / "run.sh").chmod(0o755)
    for name in (".git/HEAD", "plugin/__pycache__/x.pyc", ".venv/pyvenv.cfg", "plugin/old.pyc"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("left out")
    return folder


def test_what_goes_in(plugin: Path, tmp_path: Path) -> None:
    archive = tmp_path / "out.zip"
    assert pack_folder(plugin, archive) == 5
    with zipfile.ZipFile(archive) as packed:
        assert packed.namelist() == [
            "config.yaml",
            "plugin/__init__.py",
            "plugin/gradio_interface.py",
            "requirements.txt",
            "run.sh",
        ]
        assert packed.read("config.yaml") == b"config.yaml"
        modes = {info.filename: (info.external_attr >> 16) & 0o777 for info in packed.infolist()}
    assert modes["run.sh"] == 0o755
    assert modes["config.yaml"] == 0o644


def test_the_same_files_make_the_same_bytes(plugin: Path, tmp_path: Path) -> None:
    pack_folder(plugin, tmp_path / "one.zip")
    os.utime(plugin / "config.yaml", (1, 1))
    pack_folder(plugin, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_an_archive_inside_the_folder_does_not_hold_itself(plugin: Path) -> None:
    assert pack_folder(plugin, plugin / "out.zip") == 5


def test_a_folder_that_is_no_plugin(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"neither config\.yaml nor synapse\.yaml"):
        pack_folder(tmp_path, tmp_path / "out.zip")
    with pytest.raises(NotADirectoryError):
        pack_folder(tmp_path / "nowhere", tmp_path / "out.zip")


def test_links_that_lead_out_are_refused_and_others_followed(plugin: Path, tmp_path: Path) -> None:
    (plugin / "same.txt").symlink_to("requirements.txt")
    assert pack_folder(plugin, tmp_path / "out.zip") == 6
    (plugin / "passwd").symlink_to("/etc/passwd")
    with pytest.raises(ValueError, match="passwd is a link to"):
        pack_folder(plugin, tmp_path / "again.zip")
