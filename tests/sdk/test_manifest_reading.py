"""Reading manifests: what is read, what is refused, and where the message says to look."""

from pathlib import Path
from typing import Any

import pytest

from playground_sdk.manifests.documents import Document, ManifestError, dotted
from playground_sdk.manifests.sources import read_sources
from playground_sdk.manifests.yaml_reader import MAX_DOCUMENT_BYTES, MAX_FILE_BYTES, read_documents

TEN = "[" + ",".join("*a" for _ in range(10)) + "]"
LAUGHS = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{new}: &{new} {TEN.replace('*a', f'*{old}')}\n" for old, new in ("ab", "bc", "cd", "de", "ef")
)


def read(text: str | bytes) -> list[Document]:
    return read_documents(text.encode() if isinstance(text, str) else text, "x.yaml", Path())


def refused(text: str | bytes) -> str:
    with pytest.raises(ManifestError) as caught:
        read(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\nb: x\n", {"a": 1, "b": "x"}),
        ("a: yes", {"a": True}),
        ("a: 2024-01-01", {"a": "2024-01-01"}),
        ("a: ~\nb: 1.5\nc: '1.5'", {"a": None, "b": 1.5, "c": "1.5"}),
        ("x: &x {p: 1, q: 2}\ny: {<<: *x, q: 3}", {"x": {"p": 1, "q": 2}, "y": {"p": 1, "q": 3}}),
        ('{"a": {"b": [1, true, null]}}', {"a": {"b": [1, True, None]}}),
        ("\ufeffa: 1", {"a": 1}),
        ("1: a", {"1": "a"}),
    ],
)
def test_it_is_read_as_json_has_it(text: str, value: dict[str, Any]) -> None:
    (document,) = read(text)
    assert document.value == value


def test_every_part_knows_its_line() -> None:
    first, second = read("a:\n  b:\n    - 1\n    - c: 2\n---\n---\n# nothing\n---\nd: 5\n")
    assert {dotted(path): line for path, line in first.lines.items()} == {
        "": 1,
        "a": 1,
        "a.b": 2,
        "a.b[0]": 3,
        "a.b[1]": 4,
        "a.b[1].c": 4,
    }
    assert (first.number, second.number, second.lines[("d",)]) == (1, 4, 9)
    assert str(first.problem(("a", "b", 1, "x"), "unknown.")) == "x.yaml, document 1, line 4: a.b[1].x: unknown."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: {c: 1, c: 2}", "x.yaml, document 1, line 2: b.c: the key is there twice; the first is in line 2."),
        ("a: 1\n---\n- b", "x.yaml, document 2, line 3: a document is a mapping"),
        ("a: &a [*a]", "its aliases refer to themselves"),
        (LAUGHS, "its aliases refer to themselves, or stand for too much"),
        ("a: " + "[" * 40 + "]" * 40, "nested more than 32 levels"),
        ("a: !!python/object:os.system {}", "means nothing here"),
        ("a: !secret x", "the tag '!secret' means nothing here"),
        ("a: !!binary aGVsbG8=", "the tag '!!binary' means nothing here"),
        ("a: .nan", "no number that JSON has"),
        ("a: " + "9" * 100, "a number of 100 characters"),
        ("[1]: a", "a key must be plain text"),
        ("a: [1", "x.yaml, line 2: this is no valid YAML"),
        ("a: {<<: 5}", "'<<' brings in a mapping"),
        (b"a: 1\nb: \xff", "x.yaml, line 2: it is not UTF-8 text."),
        ("a: " + "x" * MAX_DOCUMENT_BYTES, f"at most {MAX_DOCUMENT_BYTES} are allowed"),
        ("a: [" + "1," * 10_001 + "]", "more than 10000 parts"),
        (b" " * (MAX_FILE_BYTES + 1), f"at most {MAX_FILE_BYTES} are read"),
    ],
    ids=lambda text: str(text)[:24],
)
def test_what_is_refused_and_where(text: str | bytes, message: str) -> None:
    assert message in refused(text)


def test_everything_that_is_wrong_in_a_document_is_told_at_once() -> None:
    assert refused("a: .inf\nb: 1\nb: 2\n").count("\n") == 1


def sources(*names: object, recursive: bool = False, stdin: bytes = b"") -> list[Document]:
    return read_sources([str(name) for name in names], recursive=recursive, stdin=lambda: stdin)


def test_folders_are_read_in_order_and_below_only_when_asked(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "c.json", "notes.txt", "sub/d.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'{{"from": "{name}"}}')
    assert [document.value["from"] for document in sources(tmp_path)] == ["a.yml", "b.yaml", "c.json"]
    below = sources(tmp_path, recursive=True)
    assert [document.value["from"] for document in below] == ["a.yml", "b.yaml", "c.json", "sub/d.yaml"]
    assert below[-1].folder == tmp_path / "sub"


def test_standard_input_and_lists() -> None:
    text = b"kind: PlaygroundList\nitems:\n- metadata: {name: a}\n- metadata:\n    name: b\n"
    first, second = sources("-", stdin=text)
    assert (first.name, second.name, second.file) == ("a", "b", "standard input")
    assert second.lines[("metadata", "name")] == 5


def test_what_is_wrong_in_several_files_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: [")
    (tmp_path / "b.yaml").write_text("- b")
    with pytest.raises(ManifestError) as caught:
        sources(tmp_path)
    assert len(caught.value.problems) == 2


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sources(tmp_path / "none.yaml")
    with pytest.raises(ManifestError, match=r"no document here\. Folders below are read with -R"):
        sources(tmp_path)


@pytest.mark.parametrize(("path", "text"), [(("a", 0, "b.c"), "a[0]['b.c']"), ((), ""), (("", "x"), "[''].x")])
def test_paths_are_written_as_people_do(path: tuple[str | int, ...], text: str) -> None:
    assert dotted(path) == text
