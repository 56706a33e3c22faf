"""The folder of archives: whole or not there, by content, clean after crashes, honest on a full disk."""

import errno
import os
import stat
from pathlib import Path

import pytest

from api.archives.errors import ArchiveNotFound, ArchiveRefused, ArchiveTooLarge, NoSpace
from api.archives.files import ArchiveFiles, StoredArchive
from api.archives.reader import read_archive
from tests.archives.ziplab import CONFIG, PAGE, plain_zip, plugin_files

NOBODY = "sha256:" + "0" * 64


@pytest.fixture
def files(tmp_path: Path) -> ArchiveFiles:
    return ArchiveFiles(tmp_path / "archives")


@pytest.fixture
def upload(tmp_path: Path) -> bytes:
    return plain_zip(tmp_path / "upload.zip", plugin_files()).read_bytes()


def keep(files: ArchiveFiles, upload: bytes) -> str:
    with files.receive() as writer:
        for at in range(0, len(upload), 100):
            writer.write(upload[at : at + 100])
        writer.flush()
        with read_archive(writer.path) as archive:
            digest = archive.content_digest()
        writer.commit(digest)
    return digest


def everything(files: ArchiveFiles) -> list[Path]:
    return [path for path in files.root.rglob("*") if path.is_file()]


def test_kept_under_its_content(files: ArchiveFiles, upload: bytes) -> None:
    digest = keep(files, upload)
    word = digest.removeprefix("sha256:")
    assert everything(files) == [files.root / "sha256" / word[:2] / f"{word}.zip"]
    assert files.exists(digest)
    assert files.path(digest).read_bytes() == upload
    with files.open(digest) as archive:
        assert archive.content_digest() == digest
    (stored,) = files.list()
    assert stored == StoredArchive(digest, len(upload), files.path(digest).stat().st_mtime)


def test_the_same_content_zipped_again_is_the_same_file(files: ArchiveFiles, upload: bytes, tmp_path: Path) -> None:
    digest = keep(files, upload)
    again = plain_zip(tmp_path / "b.zip", plugin_files(), date=(2001, 1, 1, 1, 1, 2)).read_bytes()
    assert again != upload
    assert keep(files, again) == digest
    assert len(everything(files)) == 1


def test_an_upload_is_private_until_it_is_kept(files: ArchiveFiles, upload: bytes) -> None:
    with files.receive() as writer:
        writer.write(upload)
        assert stat.S_IMODE(writer.path.stat().st_mode) == 0o600
        assert writer.path.stat().st_dev == files.root.stat().st_dev
        assert list(files.list()) == []
        kept = writer.commit(NOBODY)
    assert stat.S_IMODE(kept.stat().st_mode) & 0o007 == 0


def test_an_upload_that_is_left_is_forgotten(files: ArchiveFiles, upload: bytes) -> None:
    with files.receive() as writer:
        writer.write(upload)
        assert everything(files) == [writer.path]
    writer.abort()
    assert everything(files) == []


def test_the_limit_holds_while_streaming(files: ArchiveFiles) -> None:
    writer = files.receive(limit=250)
    writer.write(b"x" * 200)
    with pytest.raises(ArchiveTooLarge) as caught:
        writer.write(b"x" * 100)
    assert caught.value.limit == 250
    assert writer.size == 200
    assert everything(files) == []


@pytest.mark.parametrize("digest", ["", "sha256:../../etc", "sha256:" + "A" * 64, "md5:" + "0" * 64, NOBODY + "\n"])
def test_only_digests_are_names(digest: str, files: ArchiveFiles) -> None:
    for use in (files.path, files.exists, files.open, files.delete):
        with pytest.raises(ValueError, match="no digest"):
            use(digest)
    with pytest.raises(ValueError, match="no digest"), files.receive() as writer:
        writer.commit(digest)
    assert everything(files) == []


def test_what_is_not_kept(files: ArchiveFiles) -> None:
    assert not files.exists(NOBODY)
    assert not files.delete(NOBODY)
    assert list(files.list()) == []
    assert files.clean_temporary(0.0) == 0
    with pytest.raises(ArchiveNotFound, match="Upload the plugin again"):
        files.open(NOBODY)


def test_deleted_under_a_reader(files: ArchiveFiles, upload: bytes) -> None:
    digest = keep(files, upload)
    with files.open(digest) as archive:
        assert files.delete(digest)
        assert b"".join(archive.open("plugin/gradio_interface.py")) == PAGE
    assert not files.exists(digest)


def test_what_a_crash_left_goes_after_an_hour(files: ArchiveFiles) -> None:
    writer = files.receive()
    writer.write(CONFIG)
    writer.flush()
    last = writer.path.stat().st_mtime
    assert files.clean_temporary(last + 3_599) == 0
    assert files.clean_temporary(last + 3_601) == 1
    assert everything(files) == []
    writer.abort()


def test_strangers_in_the_folder_are_left_alone(files: ArchiveFiles, upload: bytes) -> None:
    digest = keep(files, upload)
    stranger = files.path(digest).with_name("notes.zip")
    stranger.write_bytes(b"")
    assert [stored.digest for stored in files.list()] == [digest]
    assert stranger.exists()


def test_a_damaged_file_is_replaced_by_the_next_upload(files: ArchiveFiles, upload: bytes) -> None:
    digest = keep(files, upload)
    os.truncate(files.path(digest), 10)
    with pytest.raises(ArchiveRefused):
        files.open(digest)
    keep(files, upload)
    files.open(digest).close()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("call", ["fsync", "fchmod"])
def test_a_full_disk_at_the_end(
    number: int, call: str, files: ArchiveFiles, upload: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, full)
    with files.receive() as writer:
        writer.write(upload)
        with pytest.raises(NoSpace, match="no space left"):
            writer.commit(NOBODY)
    assert everything(files) == []


def test_a_full_disk_in_the_middle(files: ArchiveFiles) -> None:
    """On the device that is always full."""
    writer = files.receive()
    os.dup2(full := os.open("/dev/full", os.O_WRONLY), writer._file.fileno())
    os.close(full)
    with pytest.raises(NoSpace):
        writer.write(b"x" * 1_000_000)
    assert everything(files) == []


def test_other_trouble_stays_what_it_is(files: ArchiveFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(os, "fsync", broken)
    with files.receive() as writer, pytest.raises(OSError, match="broken"):
        writer.commit(NOBODY)
    assert everything(files) == []
