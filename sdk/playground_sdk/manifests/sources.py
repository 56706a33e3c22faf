"""Where documents come from: files, folders, standard input."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from playground_sdk.manifests.documents import Document, ManifestError, Problem
from playground_sdk.manifests.yaml_reader import read_documents

__all__ = ["STDIN", "SUFFIXES", "read_sources"]

STDIN = "-"
SUFFIXES = frozenset({".yaml", ".yml", ".json"})
_LISTS = frozenset({"List", "PlaygroundList"})


def read_sources(sources: Sequence[str], *, recursive: bool, stdin: Callable[[], bytes]) -> list[Document]:
    """Read every document of these files and folders, in order; ``-`` is what ``stdin`` returns.

    Of a folder the files ending in .yaml, .yml and .json are read, in the order of their names; those of the folders
    below it only when ``recursive``. A ``List`` stands for its items.

    Raises:
        FileNotFoundError: there is no such file or folder.
        ManifestError: something can't be read; all that was found is told at once. Or there is no document at all.
    """
    documents: list[Document] = []
    problems: list[Problem] = []
    for name, folder, read in _files(sources, recursive=recursive, stdin=stdin):
        try:
            for document in read_documents(read(), name, folder):
                documents.extend(_items(document))
        except ManifestError as exc:
            problems.extend(exc.problems)
        except OSError as exc:
            problems.append(Problem(name, 0, 0, "", f"it can't be read: {exc.strerror}."))
    if problems:
        raise ManifestError(*problems)
    if not documents:
        hint = "" if recursive else " Folders below are read with -R."
        raise ManifestError(Problem(", ".join(sources), 0, 0, "", f"there is no document here.{hint}"))
    return documents


def _files(
    sources: Sequence[str], *, recursive: bool, stdin: Callable[[], bytes]
) -> Iterator[tuple[str, Path, Callable[[], bytes]]]:
    """(name for messages, folder of relative paths, reader) of each file."""
    for source in dict.fromkeys(sources):
        path = Path(source).expanduser()
        if source == STDIN:
            yield "standard input", Path.cwd(), stdin
        elif path.is_dir():
            found = path.rglob("*") if recursive else path.iterdir()
            for file in sorted(file for file in found if file.suffix in SUFFIXES and file.is_file()):
                yield str(file), file.parent, file.read_bytes
        elif path.exists():
            yield source, path.parent, path.read_bytes
        else:
            raise FileNotFoundError(f"There is no file or folder {source}.")


def _items(document: Document) -> Iterator[Document]:
    """The document, or what the list in it holds."""
    items = document.value.get("items")
    if document.value.get("kind") not in _LISTS or not isinstance(items, list):
        yield document
        return
    for index, item in enumerate(items):
        lines = {path[2:]: line for path, line in document.lines.items() if path[:2] == ("items", index)}
        if not isinstance(item, dict):
            raise ManifestError(document.problem(("items", index), "an item of a list is a mapping of fields."))
        yield Document(document.file, document.number, item, document.folder, lines)
