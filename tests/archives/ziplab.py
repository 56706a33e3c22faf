"""ZIP files written by hand, so that every lie is possible; and plain ones, for the honest."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

CONFIG = b"code: my-plugin\nname: My Plugin\nversion: '1.0.0'\n"
PAGE = b"import gradio as gr\ndemo = gr.Interface(str, 'text', 'text')\n"
REGULAR = (stat.S_IFREG | 0o644) << 16


@dataclass(frozen=True)
class Part:
    """One member. What is None is what an honest writer would put there."""

    name: bytes
    data: bytes = b"x"
    method: int = 8
    outer: int = REGULAR
    host: int = 3
    flags: int = 0
    disk: int = 0
    packed: bytes | None = None
    crc: int | None = None
    size: int | None = None
    compressed: int | None = None
    offset: int | None = None
    local_name: bytes | None = None
    local_method: int | None = None
    local_size: int | None = None
    local_flags: int | None = None
    local_magic: bytes = b"PK\x03\x04"
    central_magic: bytes = b"PK\x01\x02"

    @property
    def body(self) -> bytes:
        if self.packed is not None:
            return self.packed
        return deflate(self.data) if self.method == 8 else self.data


@dataclass(frozen=True)
class End:
    """The end record; None is honest."""

    count: int | None = None
    size: int | None = None
    offset: int | None = None
    disk: int = 0
    comment: bytes = b""
    before: bytes = b""
    after: bytes = b""
    magic: bytes = b"PK\x05\x06"


def deflate(data: bytes, level: int = 9) -> bytes:
    engine = zlib.compressobj(level, zlib.DEFLATED, -15)
    return engine.compress(data) + engine.flush()


def build(parts: Iterable[Part], end: End | None = None) -> bytes:
    """The bytes of a ZIP with these members and this end."""
    end = end or End()
    blob = bytearray()
    table = bytearray()
    count = 0
    for part in parts:
        at = len(blob)
        body = part.body
        crc = zlib.crc32(part.data) if part.crc is None else part.crc
        size = len(part.data) if part.size is None else part.size
        compressed = len(body) if part.compressed is None else part.compressed
        name = part.name if part.local_name is None else part.local_name
        method = part.method if part.local_method is None else part.local_method
        flags = part.flags if part.local_flags is None else part.local_flags
        local_size = size if part.local_size is None else part.local_size
        blob += struct.pack(
            "<4s5H3L2H", part.local_magic, 20, flags, method, 0, 0x21, crc, compressed, local_size, len(name), 0
        )
        blob += name + body
        offset = at if part.offset is None else part.offset
        fields = (20, part.flags, part.method, 0, 0x21, crc, compressed, size, len(part.name), 0, 0, part.disk, 0)
        table += struct.pack(
            "<4s6H3L5H2L", part.central_magic, part.host << 8 | 20, *fields, part.outer & 0xFFFFFFFF, offset
        )
        table += part.name
        count += 1
    start = len(blob)
    number = count if end.count is None else end.count
    size = len(table) if end.size is None else end.size
    offset = start if end.offset is None else end.offset
    blob += table + end.before
    blob += struct.pack("<4s4H2LH", end.magic, end.disk, 0, number, number, size, offset, len(end.comment))
    return bytes(blob) + end.comment + end.after


def honest(*extra: Part) -> list[Part]:
    """A plugin that is fine, and what comes after it."""
    return [Part(b"config.yaml", CONFIG), Part(b"plugin/gradio_interface.py", PAGE), *extra]


def plain_zip(
    path: Path,
    files: Mapping[str, bytes],
    *,
    executable: Iterable[str] = (),
    date: tuple[int, int, int, int, int, int] = (2026, 1, 2, 3, 4, 6),
    method: int = zipfile.ZIP_DEFLATED,
) -> Path:
    """A ZIP as Python writes it, at `path`."""
    marked = set(executable)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, date)
            kind = stat.S_IFDIR if name.endswith("/") else stat.S_IFREG
            info.external_attr = (kind | (0o755 if name in marked else 0o644)) << 16
            info.compress_type = method
            archive.writestr(info, data)
    return path


def plugin_files(**extra: bytes) -> dict[str, bytes]:
    """The files of a small plugin."""
    return {"config.yaml": CONFIG, "plugin/__init__.py": b"", "plugin/gradio_interface.py": PAGE, **extra}
