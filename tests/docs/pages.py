"""The documentation as text: its pages, code blocks, links and generated parts."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block of code, and the page it is on."""

    page: Path
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {self.code.splitlines()[0] if self.code else ''}"


def tracked(*patterns: str) -> list[Path]:
    """The files that git knows, or would take, and that are there."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return sorted(path for path in {ROOT / name for name in listed.split("\0") if name} if path.is_file())


def pages() -> list[Path]:
    """Every page of the documentation."""
    return [path for path in tracked("*.md") if path.relative_to(ROOT).parts[0] != "tests"]


def text(page: Path) -> str:
    """The page's text."""
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", text(page))


def blocks(page: Path, *languages: str) -> list[Block]:
    """The fenced blocks of these languages."""
    found = (Block(page, match["language"], match["code"]) for match in _FENCE.finditer(text(page)))
    return [block for block in found if block.language in languages]


def links(page: Path) -> list[str]:
    """The targets of its links and pictures."""
    return [match["target"] for match in _LINK.finditer(prose(page))]


def words_in_code(page: Path) -> list[str]:
    """What stands between backticks in its prose."""
    return _CODE.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """The anchors that a link may lead to: its headings, as they are shortened on the usual forges."""
    plain = (re.sub(r"[`*_]", "", heading) for heading in _HEADING.findall(prose(page)))
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in plain}


def table(page: Path, first_header: str) -> list[list[str]]:
    """The cells of the table whose first column has that header, without the header."""
    lines = text(page).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {first_header} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")])
    return rows
