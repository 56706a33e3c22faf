"""Archives from people who mean harm: each is refused, by name, at once, in little memory, with nothing written."""

import stat
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.archives.errors import ArchiveRefused, RefusalReason, shown
from api.archives.limits import ArchiveLimits
from api.archives.reader import PluginArchive, read_archive
from tests.archives.effort import cpu_seconds
from tests.archives.ziplab import CONFIG, REGULAR, End, Part, build, deflate, honest

CPU_S = 0.1
MEMORY = 64 * 1024 * 1024
R = RefusalReason


@dataclass(frozen=True)
class Hostile:
    """An archive, why it is refused, and the entry that the message names (None: the archive as a whole)."""

    make: Callable[[], bytes]
    reason: RefusalReason
    entry: str | None = None


def with_part(part: Part, reason: RefusalReason, entry: str | None = None) -> Hostile:
    return Hostile(lambda: build(honest(part)), reason, entry or part.name.decode("ascii", "backslashreplace"))


def named(name: bytes, reason: RefusalReason) -> Hostile:
    return with_part(Part(name), reason, name.decode("utf-8", "backslashreplace"))


def typed(kind: int, reason: RefusalReason) -> Hostile:
    return with_part(Part(b"plugin/odd", outer=(kind | 0o777) << 16), reason)


def pair(first: bytes, second: bytes, reason: RefusalReason) -> Hostile:
    return Hostile(lambda: build(honest(Part(first), Part(second))), reason, second.decode())


def ended(end: End, reason: RefusalReason) -> Hostile:
    return Hostile(lambda: build(honest(), end), reason)


def _quoted_overlap() -> bytes:
    """Many records over one body: the bomb that needs no nesting."""
    body = deflate(b"\0" * 1_000_000)
    first = Part(b"kernel", b"\0" * 1_000_000, packed=body)
    return build([first, *(Part(f"copy{n}".encode(), offset=0) for n in range(1_000))])


def _shifted_overlap() -> bytes:
    """The second record's header lies inside the first one's stored data."""
    inner = build([Part(b"inner", b"y" * 10, method=0)])[: 30 + 5 + 10]
    outer = Part(b"outer", inner, method=0)
    return build([outer, Part(b"inner", b"y" * 10, method=0, offset=30 + 5)])


def _into_table() -> bytes:
    return build(honest(Part(b"tail", b"z", method=0, size=400, compressed=400)))


def _many(count: int, end: End | None = None) -> bytes:
    return build((Part(b"f%d" % n, b"", method=0) for n in range(count)), end)


def _last_of_many(part: Part) -> bytes:
    return build([*(Part(b"d/f%04d" % n, b"", method=0) for n in range(4_990)), part])


MIB = 1024 * 1024
BOMB = deflate(b"\0" * (256 * MIB), 1)

HOSTILE: dict[str, Hostile] = {
    "absolute path": named(b"/etc/passwd", R.UNSAFE_PATH),
    "drive letter": named(b"C:/windows/x", R.UNSAFE_PATH),
    "drive letter alone": named(b"c:x", R.UNSAFE_PATH),
    "network path": named(b"//host/share", R.UNSAFE_PATH),
    "climbs out": named(b"../escape.py", R.UNSAFE_PATH),
    "climbs out within": named(b"plugin/../../escape.py", R.UNSAFE_PATH),
    "climbs at the end": named(b"plugin/..", R.UNSAFE_PATH),
    "dots as a folder": named(b"plugin/../", R.UNSAFE_PATH),
    "dot": named(b"./config2.yaml", R.UNSAFE_PATH),
    "empty part": named(b"plugin//x.py", R.UNSAFE_PATH),
    "only a slash": named(b"/", R.UNSAFE_PATH),
    "backslash": named(b"plugin\\x.py", R.UNSAFE_PATH),
    "backslash climb": named(b"..\\..\\x.py", R.UNSAFE_PATH),
    "NUL": named(b"plugin/x.py\0.txt", R.BAD_NAME),
    "newline": named(b"plugin/x\nRUN evil", R.BAD_NAME),
    "escape sequence": named(b"plugin/\x1b[2J", R.BAD_NAME),
    "delete character": named(b"plugin/\x7f", R.BAD_NAME),
    "C1 control": named("plugin/\x9b31m".encode(), R.BAD_NAME),
    "line separator": named("plugin/\u2028x".encode(), R.BAD_NAME),
    "reordering": named("plugin/\u202eyp.exe".encode(), R.BAD_NAME),
    "not UTF-8": named(b"plugin/\xff\xfe.py", R.BAD_NAME),
    "surrogate": named(b"plugin/\xed\xa0\x80.py", R.BAD_NAME),
    "no name": Hostile(lambda: build(honest(Part(b""))), R.BAD_NAME, ""),
    "symbolic link": typed(stat.S_IFLNK, R.LINK),
    "symbolic link, odd host": with_part(Part(b"l", b"/etc", host=0, outer=(stat.S_IFLNK | 0o777) << 16), R.LINK),
    "character device": typed(stat.S_IFCHR, R.SPECIAL_FILE),
    "block device": typed(stat.S_IFBLK, R.SPECIAL_FILE),
    "pipe": typed(stat.S_IFIFO, R.SPECIAL_FILE),
    "socket": typed(stat.S_IFSOCK, R.SPECIAL_FILE),
    "folder named like a file": typed(stat.S_IFDIR, R.MALFORMED),
    "file named like a folder": with_part(Part(b"plugin/x/", b"", outer=REGULAR), R.MALFORMED),
    "DOS folder named like a file": with_part(Part(b"plugin/x", b"", outer=0x10), R.MALFORMED),
    "folder with data": with_part(Part(b"plugin/x/", b"data", outer=0x10), R.MALFORMED),
    "twice": pair(b"plugin/x.py", b"plugin/x.py", R.DUPLICATE),
    "config twice": with_part(Part(b"config.yaml", b"code: other"), R.DUPLICATE),
    "twice in another case": pair(b"plugin/x.py", b"Plugin/X.PY", R.DUPLICATE),
    "twice, composed otherwise": pair("caf\u00e9.py".encode(), "cafe\u0301.py".encode(), R.DUPLICATE),
    "twice, sharp s": pair("stra\u00dfe".encode(), b"STRASSE", R.DUPLICATE),
    "folder twice": Hostile(
        lambda: build(honest(Part(b"d/", b"", method=0, outer=0x10), Part(b"d/", b"", method=0, outer=0x10))),
        R.DUPLICATE, "d/",
    ),
    "below a file": pair(b"a", b"a/b", R.CLASH),
    "file over a folder": pair(b"a/b", b"a", R.CLASH),
    "below a file in another case": pair(b"a", b"A/b/c", R.CLASH),
    "folder over a file": Hostile(
        lambda: build(honest(Part(b"a"), Part(b"a/", b"", method=0, outer=0x10))), R.CLASH, "a/"
    ),
    "encrypted": with_part(Part(b"secret", flags=0x1), R.ENCRYPTED),
    "strongly encrypted": with_part(Part(b"secret", flags=0x40), R.ENCRYPTED),
    "masked headers": with_part(Part(b"secret", flags=0x2000), R.ENCRYPTED),
    "encrypted only locally": with_part(Part(b"secret", local_flags=0x1), R.LYING),
    "patch data": with_part(Part(b"p", flags=0x20), R.UNSUPPORTED),
    "bzip2": with_part(Part(b"b", method=12), R.UNSUPPORTED),
    "lzma": with_part(Part(b"l", method=14), R.UNSUPPORTED),
    "zstd": with_part(Part(b"z", method=93), R.UNSUPPORTED),
    "unknown method": with_part(Part(b"u", method=77), R.UNSUPPORTED),
    "in another volume": with_part(Part(b"v", disk=1), R.UNSUPPORTED),
    "quoted overlap": Hostile(_quoted_overlap, R.OVERLAP, "copy0"),
    "shifted overlap": Hostile(_shifted_overlap, R.OVERLAP, "inner"),
    "into the table": Hostile(_into_table, R.OVERLAP, "tail"),
    "past the end": with_part(Part(b"far", offset=10_000_000), R.MALFORMED),
    "local magic gone": with_part(Part(b"m", local_magic=b"PK\x07\x08"), R.MALFORMED),
    "central magic gone": Hostile(lambda: build([Part(b"m", central_magic=b"XXXX")]), R.MALFORMED),
    "another name locally": with_part(Part(b"good.py", local_name=b"evil.py"), R.LYING),
    "a longer name locally": with_part(Part(b"good.py", local_name=b"../../evil.py"), R.LYING),
    "another method locally": with_part(Part(b"m", local_method=0), R.LYING),
    "another size locally": with_part(Part(b"s", local_size=77), R.LYING),
    "stored with two sizes": with_part(Part(b"s", b"abc", method=0, size=10), R.LYING),
    "holds more than declared": with_part(Part(b"more", b"\0" * 5_000_000, size=10), R.LYING),
    "bomb behind a small size": with_part(Part(b"bomb", b"", packed=BOMB, crc=0, size=MIB), R.LYING),
    "holds less than declared": with_part(Part(b"less", b"abc", size=1_000), R.LYING),
    "wrong checksum": with_part(Part(b"crc", b"abc", crc=1), R.CORRUPT),
    "wrong checksum, stored": with_part(Part(b"crc", b"abc", method=0, crc=1), R.CORRUPT),
    "no deflate data": with_part(Part(b"junk", b"abc", packed=b"\xff" * 40), R.CORRUPT),
    "deflate data cut off": with_part(Part(b"cut", b"abc" * 900, packed=deflate(b"abc" * 900)[:-4]), R.TRUNCATED),
    "data behind the content": with_part(Part(b"tail", b"abc", packed=deflate(b"abc") + b"hidden"), R.LYING),
    "no data at all": with_part(Part(b"none", b"abc", packed=b""), R.TRUNCATED),
    "too compressed": with_part(Part(b"bomb", b"", packed=BOMB[: 512 * 1024], size=256 * MIB), R.TOO_COMPRESSED),
    "too compressed in small pieces": Hostile(
        lambda: build([Part(b"f%d" % n, b"", packed=b"\0" * 1_100, size=MIB, crc=0) for n in range(100)]),
        R.TOO_COMPRESSED,
    ),
    "one file too large": with_part(Part(b"big", size=2 * 1024 * MIB), R.TOO_LARGE),
    "together too large": Hostile(
        lambda: build([Part(b"f%d" % n, b"", packed=b"\0" * 5_000_000, size=900 * MIB, crc=0) for n in range(3)]),
        R.TOO_LARGE, "f2",
    ),
    "Zip64 size": with_part(Part(b"z", size=0xFFFFFFFF), R.UNSUPPORTED),
    "too many": Hostile(lambda: _many(5_001), R.TOO_MANY),
    "many, and the count lies": Hostile(lambda: _many(20_000, End(count=10)), R.LYING),
    "count lies upwards": ended(End(count=9), R.LYING),
    "count lies to nothing": ended(End(count=0), R.LYING),
    "too deep": named(b"d/" * 40 + b"x", R.TOO_DEEP),
    "path too long": named(b"/".join([b"a" * 100] * 20), R.NAME_TOO_LONG),
    "part too long": named(b"a" * 256, R.NAME_TOO_LONG),
    "part too long in bytes": named("é".encode() * 130, R.NAME_TOO_LONG),
    "huge name": with_part(Part(b"a" * 65_000), R.NAME_TOO_LONG),
    "huge table": Hostile(lambda: build(Part(b"%05d" % n + b"a" * 60_000, method=0) for n in range(60)), R.TOO_LARGE),
    "link after many": Hostile(
        lambda: _last_of_many(Part(b"z", outer=(stat.S_IFLNK | 0o777) << 16)), R.LINK, "z"
    ),
    "overlap after many": Hostile(lambda: _last_of_many(Part(b"z", offset=0)), R.OVERLAP, "z"),
    "no ZIP": Hostile(lambda: b"<html>Not found</html>", R.NOT_A_ZIP),
    "empty file": Hostile(lambda: b"", R.NOT_A_ZIP),
    "tar": Hostile(lambda: b"\0" * 10_240, R.NOT_A_ZIP),
    "end cut off": Hostile(lambda: build(honest())[:-5], R.NOT_A_ZIP),
    "no entries": Hostile(lambda: build([]), R.EMPTY),
    "only folders": Hostile(lambda: build([Part(b"plugin/", b"", method=0, outer=0x10)]), R.EMPTY),
    "only droppings": Hostile(lambda: build([Part(b"__MACOSX/._x"), Part(b".DS_Store")]), R.EMPTY),
    "something behind the end": ended(End(after=b"#!/bin/sh\n"), R.MALFORMED),
    "second end in the comment": ended(End(comment=b"PK\x05\x06" + b"\0" * 18), R.MALFORMED),
    "something before the end": ended(End(before=b"x" * 50), R.MALFORMED),
    "something before the start": Hostile(lambda: b"MZ" * 100 + build(honest()), R.MALFORMED),
    "table elsewhere": ended(End(offset=3), R.MALFORMED),
    "table larger than the file": ended(End(size=1_000_000), R.MALFORMED),
    "in volumes": ended(End(disk=3), R.UNSUPPORTED),
    "Zip64 count": ended(End(count=0xFFFF), R.UNSUPPORTED),
    "Zip64 offset": ended(End(offset=0xFFFFFFFF), R.UNSUPPORTED),
    "Zip64 locator": ended(End(before=b"PK\x06\x07" + b"\0" * 16), R.UNSUPPORTED),
}  # fmt: skip


def read_everything(path: Path) -> None:
    with read_archive(path) as archive:
        archive.content_digest()


def refused(path: Path) -> None:
    with pytest.raises(ArchiveRefused):
        read_everything(path)


def test_there_are_enough() -> None:
    assert len(HOSTILE) >= 40


@pytest.mark.parametrize("name", HOSTILE)
def test_refused_by_name_at_once(name: str, tmp_path: Path) -> None:
    hostile = HOSTILE[name]
    path = tmp_path / "a.zip"
    path.write_bytes(hostile.make())
    with pytest.raises(ArchiveRefused) as caught:
        read_everything(path)
    used = cpu_seconds(lambda: refused(path))
    assert (caught.value.reason, caught.value.entry) == (hostile.reason, hostile.entry)
    message = str(caught.value)
    assert message.isprintable()
    assert hostile.entry is None or shown(hostile.entry) in message
    assert used < CPU_S, f"{used * 1000:.0f} ms of CPU"
    assert [file.name for file in tmp_path.iterdir()] == ["a.zip"]


@pytest.mark.parametrize("name", HOSTILE)
def test_refused_in_little_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(HOSTILE[name].make())
    tracemalloc.start()
    try:
        with pytest.raises(ArchiveRefused):
            read_everything(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MEMORY, f"{peak / MIB:.0f} MiB"


def test_an_allowed_bomb_is_streamed_not_held(tmp_path: Path) -> None:
    """Where the operator allows any ratio, memory still does not follow the content."""
    path = tmp_path / "a.zip"
    size = 64 * MIB
    path.write_bytes(build([Part(b"config.yaml", CONFIG), Part(b"zeros", b"\0" * size)]))
    limits = ArchiveLimits(max_ratio=10_000)
    tracemalloc.start()
    try:
        with PluginArchive(path, limits) as archive:
            assert sum(len(chunk) for chunk in archive.open("zeros")) == size
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * MIB


def test_the_file_itself_too_large(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(build(honest()))
    with pytest.raises(ArchiveRefused) as caught:
        read_archive(path, ArchiveLimits(max_archive_bytes=100))
    assert caught.value.reason is R.TOO_LARGE


def test_a_refused_archive_leaves_no_open_file(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(HOSTILE["twice"].make())
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        with pytest.raises(ArchiveRefused):
            read_archive(path)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
