"""The option ``-f`` that several verbs share, and the documents behind it, read and checked."""

import sys
from collections.abc import Sequence

import typer

from playground_sdk.manifests.check import check_documents
from playground_sdk.manifests.documents import Document
from playground_sdk.manifests.sources import read_sources

__all__ = ["FILES", "RECURSIVE", "checked_documents"]

FILES = typer.Option(
    "--filename",
    "-f",
    metavar="FILE|DIR|-",
    help="Manifests: a file, a folder, or - for standard input; may be repeated.",
    show_default=False,
)
RECURSIVE = typer.Option("--recursive", "-R", help="Read the folders below as well.")


def checked_documents(sources: Sequence[str], *, recursive: bool) -> list[Document]:
    """Read all documents and check them offline.

    Raises:
        FileNotFoundError: there is no such file or folder.
        ManifestError: something is wrong, and all of it is told; nothing may be sent then.
    """
    documents = read_sources(sources, recursive=recursive, stdin=sys.stdin.buffer.read)
    check_documents(documents)
    return documents
