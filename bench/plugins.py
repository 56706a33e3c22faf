"""The plugin of the build scenarios: the shipped example with one requirement, and its code changed at every call."""

import io
import itertools
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from api.archives.config import read_config
from api.archives.reader import read_archive
from api.clock import new_uid
from api.settings import Settings
from controller.builds.context import stream_context
from controller.builds.recipe import BuildOptions, archive_recipe
from tests.e2e.plugins import hello, pack

REQUIREMENT = "humanize==4.12.3"
"""One small package in pure Python that the base image has not: most plugins need more, and each has the installer
start, ask the index, fetch and install, which is what comes again whenever the layer is not cached."""

NAIVE = "FROM {base}\n\nCOPY . .\nRUN pip install --no-cache-dir -r requirements.txt\n"
"""The Dockerfile that the platform documents, on the same base image: only the order and the tool differ."""


@dataclass(frozen=True, slots=True)
class ChangingPlugin:
    """Gives the files and archives of one plugin, with other code at every call: no layer with code is ever cached."""

    folder: Path
    code: str = "bench-page"
    _run: str = field(default_factory=new_uid)
    _changes: "itertools.count[int]" = field(default_factory=itertools.count)

    def files(self) -> dict[str, str]:
        """The plugin's files after one more change."""
        change = f"# {self._run}: change {next(self._changes)}\n"
        return hello(self.code, {"requirements.txt": f"{REQUIREMENT}\n", "plugin/changed.py": change})

    def archive(self) -> Path:
        """A ZIP archive after one more change."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return pack(self.folder / f"{new_uid()}.zip", self.files())


def our_context(archive: Path) -> bytes:
    """The Dockerfile that we generate for an archive, with its context: what a person would build by hand."""
    settings = Settings()
    options = BuildOptions(memory=settings.build_memory)
    with read_archive(archive) as opened:
        recipe = archive_recipe(opened, read_config(opened), settings.base_image, options)
        return b"".join(stream_context(opened, recipe))


def naive_context(files: Mapping[str, str]) -> bytes:
    """The plugin's files with the documented Dockerfile beside them."""
    return tar({**files, "Dockerfile": NAIVE.format(base=Settings().base_image)})


def tar(files: Mapping[str, str | bytes]) -> bytes:
    """A build context with these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in sorted(files.items()):
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()
