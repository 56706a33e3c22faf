"""Archives that are fine: what is read, and that the digest means the content and nothing else."""

import hashlib
import io
import random
import threading
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.archives.errors import ArchiveError, ArchiveRefused
from api.archives.limits import ArchiveLimits
from api.archives.reader import ArchiveEntry, read_archive
from tests.archives.ziplab import CONFIG, PAGE, Part, build, honest, plain_zip, plugin_files


def digest(path: Path) -> str:
    with read_archive(path) as archive:
        return archive.content_digest()


def test_entries_are_sorted_and_streamed(tmp_path: Path) -> None:
    files = {"z.py": b"z" * 200_000, **plugin_files(), "run.sh": b"#!/bin/sh\n", "empty/": b""}
    with read_archive(plain_zip(tmp_path / "a.zip", files, executable=["run.sh"])) as archive:
        assert archive.entries == (
            ArchiveEntry("config.yaml", len(CONFIG), executable=False),
            ArchiveEntry("plugin/__init__.py", 0, executable=False),
            ArchiveEntry("plugin/gradio_interface.py", len(PAGE), executable=False),
            ArchiveEntry("run.sh", 10, executable=True),
            ArchiveEntry("z.py", 200_000, executable=False),
        )
        chunks = list(archive.open("z.py"))
        assert b"".join(chunks) == b"z" * 200_000
        assert max(map(len, chunks)) <= 64 * 1024
        assert archive.size == len(CONFIG) + len(PAGE) + 10 + 200_000
        assert "z.py" in archive
        assert archive.wrapper == ""
        with pytest.raises(KeyError):
            archive.open("nothing")


def test_the_digest_is_what_its_description_says(tmp_path: Path) -> None:
    hasher = hashlib.sha256(b"playground-content-1\n")
    for name, mark, data in ((b"a.sh", b"x", b"run"), (b"config.yaml", b"-", CONFIG)):
        hasher.update(len(name).to_bytes(8, "big") + name + mark + len(data).to_bytes(8, "big") + data)
    path = plain_zip(tmp_path / "a.zip", {"config.yaml": CONFIG, "a.sh": b"run"}, executable=["a.sh"])
    assert digest(path) == f"sha256:{hasher.hexdigest()}"


def test_the_digest_survives_another_zip_of_the_same_content(tmp_path: Path) -> None:
    files = plugin_files()
    first = digest(plain_zip(tmp_path / "a.zip", files))
    backwards = dict(reversed(files.items()))
    wrapped = {f"my-plugin-1.0/{name}": data for name, data in files.items()}
    littered = {**files, "__MACOSX/._config.yaml": b"rsrc", "plugin/.DS_Store": b"Bud1", "plugin/": b""}
    assert digest(plain_zip(tmp_path / "b.zip", backwards, date=(1999, 9, 9, 9, 9, 8))) == first
    assert digest(plain_zip(tmp_path / "c.zip", files, method=zipfile.ZIP_STORED)) == first
    assert digest(plain_zip(tmp_path / "d.zip", wrapped)) == first
    assert digest(plain_zip(tmp_path / "e.zip", littered)) == first
    assert digest(plain_zip(tmp_path / "f.zip", {**wrapped, "__MACOSX/x": b""})) == first


@pytest.mark.parametrize(
    "changed",
    [
        {**plugin_files(), "plugin/__init__.py": b"\n"},
        {**plugin_files(), "extra.py": b""},
        {("main/__init__.py" if name == "plugin/__init__.py" else name): data for name, data in plugin_files().items()},
    ],
)
def test_the_digest_changes_with_the_content(changed: dict[str, bytes], tmp_path: Path) -> None:
    first = digest(plain_zip(tmp_path / "a.zip", plugin_files()))
    assert digest(plain_zip(tmp_path / "b.zip", changed)) != first


def test_the_digest_changes_with_the_exec_bit(tmp_path: Path) -> None:
    first = digest(plain_zip(tmp_path / "a.zip", plugin_files()))
    assert digest(plain_zip(tmp_path / "b.zip", plugin_files(), executable=["config.yaml"])) != first


def test_one_wrapping_folder_is_tolerated_not_two(tmp_path: Path) -> None:
    one = {f"w/{name}": data for name, data in plugin_files().items()}
    two = {f"v/{name}": data for name, data in one.items()}
    beside = {**one, "README.md": b"hello"}
    with read_archive(plain_zip(tmp_path / "a.zip", one)) as archive:
        assert (archive.wrapper, "config.yaml" in archive) == ("w/", True)
    for name, files in (("b", two), ("c", beside)):
        with read_archive(plain_zip(tmp_path / f"{name}.zip", files)) as archive:
            assert (archive.wrapper, "config.yaml" in archive) == ("", False)


def test_a_zip_written_to_a_pipe_is_read(tmp_path: Path) -> None:
    """Such writers put the sizes behind the data (flag bit 3)."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            chunk = bytes(data)  # type: ignore[call-overload]  # any buffer, as for every raw stream
            self.data += chunk
            return len(chunk)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in plugin_files().items():
            archive.writestr(name, data)
    path = tmp_path / "a.zip"
    path.write_bytes(pipe.data)
    assert digest(path) == digest(plain_zip(tmp_path / "b.zip", plugin_files()))


def test_a_member_written_with_a_zip64_local_header_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in plugin_files().items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(data)
    assert digest(path) == digest(plain_zip(tmp_path / "b.zip", plugin_files()))


def test_a_comment_is_no_harm(tmp_path: Path) -> None:
    path = plain_zip(tmp_path / "a.zip", plugin_files())
    first = digest(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"made with love"
    assert digest(path) == first


def test_names_in_every_script_are_kept(tmp_path: Path) -> None:
    names = {"plugin/모델.py": b"1", "plugin/日本語.txt": b"2", "plugin/ü ñ.txt": b"3", "plugin/👩‍🔬.txt": b"4"}
    with read_archive(plain_zip(tmp_path / "a.zip", {**plugin_files(), **names})) as archive:
        assert set(names) <= archive.paths


def test_read_has_a_limit(tmp_path: Path) -> None:
    with read_archive(plain_zip(tmp_path / "a.zip", plugin_files())) as archive:
        assert archive.read("config.yaml", 1_000) == CONFIG
        with pytest.raises(ArchiveRefused, match=r"'config\.yaml'.*at most 10"):
            archive.read("config.yaml", 10)


def test_streams_can_be_read_by_several_threads(tmp_path: Path) -> None:
    data = random.Random(1).randbytes(1_000_000)
    results: list[bool] = []
    with read_archive(plain_zip(tmp_path / "a.zip", plugin_files(blob=data))) as archive:
        threads = [
            threading.Thread(target=lambda: results.append(b"".join(archive.open("blob")) == data)) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [True] * 8


def test_a_closed_archive_says_so(tmp_path: Path) -> None:
    archive = read_archive(plain_zip(tmp_path / "a.zip", plugin_files()))
    stream = archive.open("config.yaml")
    archive.close()
    archive.close()
    with pytest.raises(ValueError, match="closed"):
        next(stream)


def test_limits_are_the_operators(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(build(honest(Part(b"zeros", b"\0" * 3_000_000))))
    with pytest.raises(ArchiveRefused, match="compressed more than 200 times"):
        read_archive(path)
    read_archive(path, ArchiveLimits(max_ratio=2_000)).close()


part = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
path_text = st.lists(part, min_size=1, max_size=4).map("/".join)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.dictionaries(path_text, st.binary(max_size=300), min_size=1, max_size=5), seed=st.randoms())
def test_any_names_are_read_the_same_in_any_order_or_refused(
    files: dict[str, bytes], seed: random.Random, tmp_path: Path
) -> None:
    shuffled = list(files.items())
    seed.shuffle(shuffled)
    outcomes = []
    for name, items in (("a.zip", list(files.items())), ("b.zip", shuffled)):
        path = tmp_path / name
        path.write_bytes(build(Part(key.encode(), data, flags=0x800) for key, data in items))
        try:
            with read_archive(path) as archive:
                assert all(b"".join(archive.open(entry.path)) in files.values() for entry in archive.entries)
                outcomes.append(archive.content_digest())
        except ArchiveError as error:
            outcomes.append("refused" if str(error).isprintable() else "refused, unreadably")
    assert outcomes[0] == outcomes[1] != "refused, unreadably"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), min_size=1, max_size=6))
def test_damage_is_refused_or_harmless(changes: list[tuple[int, int]], tmp_path: Path) -> None:
    """Bytes changed anywhere: a refusal or the right content of what is listed, never another error."""
    blob = bytearray(build(honest(Part(b"plugin/data.bin", bytes(range(256)) * 2))))
    for at, value in changes:
        blob[at % len(blob)] = value
    path = tmp_path / "a.zip"
    path.write_bytes(blob)
    message = "fine"
    try:
        with read_archive(path) as archive:
            archive.content_digest()
    except ArchiveRefused as error:
        message = str(error)
    assert message.isprintable()
