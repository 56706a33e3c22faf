"""Plugins of this machine on their way to the server: digest, question, packing, upload, each with its progress."""

import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playground_sdk.cli.failures import UsageFailure
from playground_sdk.cli.progress import ProgressView
from playground_sdk.cli.session import Session
from playground_sdk.content import content_digest
from playground_sdk.packing import pack_folder
from playground_sdk.plugin_store import Pushed, release_digest, release_name
from playground_sdk.wait import Progress, upload_reporter

__all__ = ["digest_of", "packed", "push_plugin"]


def digest_of(plugin: Path) -> str:
    """The digest of a folder's or an archive's content.

    Raises:
        UsageFailure: it is no plugin, no ZIP archive, or can't be read.
    """
    try:
        return content_digest(plugin)
    except (ValueError, zipfile.BadZipFile) as exc:
        raise UsageFailure(f"{plugin}: {exc}") from exc
    except OSError as exc:
        raise UsageFailure(f"{plugin} can't be read: {exc.strerror or exc}") from exc


def push_plugin(session: Session, plugin: Path, view: ProgressView) -> Pushed:
    """Have the server keep a plugin's content; what it has already is not sent again."""
    digest = digest_of(plugin)
    known = session.client.plugins.find(digest)
    if known is not None:
        return Pushed(release_name(known), release_digest(known), "unchanged")
    with packed(plugin, view) as archive:
        on_sent = upload_reporter(view, archive.name, session.clock)
        return session.client.plugins.push(archive, on_sent=on_sent)


@contextmanager
def packed(plugin: Path, view: Callable[[Progress], None]) -> Iterator[Path]:
    """The archive of a plugin: the file itself, or a temporary one that a folder is packed into."""
    if not plugin.is_dir():
        yield plugin
        return
    with tempfile.TemporaryDirectory(prefix="playground-") as scratch:
        archive = Path(scratch) / f"{plugin.resolve().name or 'plugin'}.zip"
        name = archive.stem

        def on_packed(done: int, total: int) -> None:
            view(Progress("packing", f"{name}, {total} files", sent=done, total=total))

        try:
            pack_folder(plugin, archive, on_packed)
        except ValueError as exc:
            raise UsageFailure(f"{plugin}: {exc}") from exc
        yield archive
