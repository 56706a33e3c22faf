"""The plugin of the build scenarios: every change is one, and both Dockerfiles are given what they should."""

import io
import tarfile
from pathlib import Path

from api.archives.reader import read_archive
from bench.plugins import REQUIREMENT, ChangingPlugin, naive_context, our_context, tar


def members(context: bytes) -> dict[str, bytes]:
    """What is in a build context, files only."""
    with tarfile.open(fileobj=io.BytesIO(context)) as archive:
        files = [member for member in archive.getmembers() if member.isfile()]
        return {file.name: opened.read() for file in files if (opened := archive.extractfile(file))}


def test_each_archive_has_other_code_and_the_same_requirements(tmp_path: Path) -> None:
    plugin = ChangingPlugin(tmp_path, "changing")
    digests = set()
    for path in (plugin.archive(), plugin.archive(), ChangingPlugin(tmp_path, "changing").archive()):
        with read_archive(path) as archive:
            digests.add(archive.content_digest())
            assert archive.read("requirements.txt", 1000).decode() == f"{REQUIREMENT}\n"
    assert len(digests) == 3


def test_our_context_installs_before_the_code_is_there(tmp_path: Path) -> None:
    plugin = ChangingPlugin(tmp_path, "changing")
    first, second = (members(our_context(plugin.archive())) for _ in range(2))
    changed = {name for name in first | second if first.get(name) != second.get(name)}
    assert changed == {"app/plugin/changed.py"}
    dockerfile = first["Dockerfile"].decode()
    assert dockerfile.index("RUN ") < dockerfile.index("COPY ")


def test_the_naive_context_is_the_documented_one(tmp_path: Path) -> None:
    files = members(naive_context(ChangingPlugin(tmp_path, "changing").files()))
    dockerfile = files["Dockerfile"].decode()
    assert dockerfile.index("COPY . .") < dockerfile.index("RUN pip install")
    assert files["requirements.txt"].decode() == f"{REQUIREMENT}\n"
    assert "plugin/gradio_interface.py" in files


def test_equal_files_come_to_an_equal_context() -> None:
    assert tar({"b": "2", "a": b"1"}) == tar({"a": "1", "b": b"2"})
    assert members(tar({"a/b": "text"})) == {"a/b": b"text"}
