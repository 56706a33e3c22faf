"""The generated parts are what the code makes today."""

from pathlib import Path

import pytest

from tests.docs.generate import PARTS, generated
from tests.docs.pages import ROOT, pages, text

MEND = "run `.venv/bin/python -m tests.docs.generate` and look at the difference"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_is_as_it_would_be_written(page: Path) -> None:
    assert generated(text(page)) == text(page), MEND


@pytest.mark.parametrize("name", PARTS)
def test_each_part_stands_on_one_page(name: str) -> None:
    assert sum(text(page).count(f"<!-- generated: {name} -->") for page in pages()) == 1
