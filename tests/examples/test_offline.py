"""Every example says what it shows, is valid offline and for the server, and can stand beside the others."""

from pathlib import Path

import pytest

from api.resources.documents import Limits, load_yaml
from api.resources.flaws import read_manifest
from playground_sdk.manifests.check import check_documents, with_archive
from playground_sdk.manifests.documents import Document
from playground_sdk.manifests.sources import read_sources

EXAMPLES = Path(__file__).resolve().parents[2] / "manifests" / "examples"
FILES = sorted(EXAMPLES.glob("*.yaml"))
DIGEST = f"sha256:{'0' * 64}"


def documents(*paths: Path) -> list[Document]:
    return read_sources([str(path) for path in paths], recursive=False, stdin=lambda: b"")


def test_there_are_some_in_reading_order() -> None:
    assert len(FILES) >= 10
    assert [path.name[:2] for path in FILES] == [f"{number:02d}" for number in range(1, len(FILES) + 1)]
    assert len(documents(FILES[0])) == 1
    assert len(documents(FILES[-1])) == 20
    sizes = [len(path.read_text()) for path in (FILES[0], FILES[-1])]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_begins_with_a_comment_and_is_valid_offline(path: Path) -> None:
    assert path.read_text().startswith("# ")
    check_documents(documents(path))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_server_takes_it_as_well(path: Path) -> None:
    ours = documents(path)
    theirs = load_yaml(path.read_bytes(), Limits(size=1_000_000))
    assert [document.value for document in ours] == [document.value for document in theirs]
    for document, read in zip(ours, theirs, strict=True):
        plugin = document.value["spec"]["plugin"]
        sent = with_archive(document, DIGEST) if "archive" in plugin else dict(document.value)
        manifest, flaws = read_manifest(type(read)(sent, read.number, read.positions))
        assert flaws == ()
        assert manifest is not None


def test_all_of_them_can_be_there_at_once() -> None:
    everything = documents(EXAMPLES)
    check_documents(everything)
    identities = [
        (document.value["spec"]["plugin"].get("release"), document.value["spec"].get("model"))
        for document in everything
    ]
    known = [identity for identity in identities if identity[0]]
    assert len(set(known)) == len(known)
