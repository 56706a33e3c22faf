"""What a page points at is there: links and their anchors, paths, `make` targets, the test command."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, anchors, blocks, links, pages, text, tracked, words_in_code

TOP = frozenset({"api", "controller", "sdk", "docs", "scripts", "tests", "manifests", "requirements", ".ci"})
PATH = re.compile(r"\.?[A-Za-z0-9_-]+(/[A-Za-z0-9_.-]+)*/?")

each_page = pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in links(page):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{page.relative_to(ROOT)} links to {target}"
        assert found.is_relative_to(ROOT)
        if anchor:
            assert anchor in anchors(found), f"{page.relative_to(ROOT)} links to {target}"


@each_page
def test_every_path_that_is_mentioned_exists(page: Path) -> None:
    for word in words_in_code(page):
        if PATH.fullmatch(word) and "/" in word and word.split("/")[0] in TOP:
            assert (ROOT / word).exists(), f"{page.relative_to(ROOT)} mentions {word}"


@each_page
def test_every_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text(ROOT / "Makefile"), re.MULTILINE))
    mentioned = {word for word in words_in_code(page) if word.startswith("make ")}
    mentioned |= {
        line for block in blocks(page, "sh", "") for line in block.code.splitlines() if line.startswith("make ")
    }
    for command in mentioned:
        assert command.split()[1] in targets, f"{page.relative_to(ROOT)}: {command}"


def test_no_page_is_without_a_link_to_it() -> None:
    linked = {(page.parent / target.partition("#")[0]).resolve() for page in pages() for target in links(page)}
    for page in tracked("docs/*.md"):
        assert page in linked or page.parent in linked, f"nothing links to {page.relative_to(ROOT)}"


def test_continuous_integration_runs_the_readme_s_test_command() -> None:
    commands = [line for block in blocks(ROOT / "README.md", "sh")[:1] for line in block.code.splitlines()]
    assert commands == ["make demo", "make check"]
    assert text(ROOT / ".ci" / "run").rstrip().splitlines()[-1] == commands[-1]
