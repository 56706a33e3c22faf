"""This machine's Debian or Ubuntu release and where its packages come from, read from apt's own settings."""

import platform
import re
from dataclasses import dataclass, field
from pathlib import Path

APT = Path("/etc/apt")


@dataclass(frozen=True)
class Release:
    """A release and its package sources, as lines of a sources.list."""

    name: str
    codename: str
    sources: list[str] = field(default_factory=list)


def host_release(apt: Path = APT) -> Release | None:
    """The release of this machine; None when it is neither Debian nor Ubuntu (nor made of one of them)."""
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        return None
    family = {system.get("ID", ""), *system.get("ID_LIKE", "").split()}
    codename = system.get("UBUNTU_CODENAME") or system.get("DEBIAN_CODENAME") or system.get("VERSION_CODENAME", "")
    if not family & {"debian", "ubuntu"} or not codename:
        return None
    return Release(system.get("PRETTY_NAME", codename), codename, host_sources(codename, apt))


def host_sources(codename: str, apt: Path = APT) -> list[str]:
    """apt's binary sources of that release (and its updates), without those of third parties."""
    lines: list[str] = []
    for path in (apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))):
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix == ".sources":
            lines += _from_stanzas(text)
        elif path.suffix == ".list":
            lines += [line.strip() for line in text.splitlines() if line.strip().startswith("deb ")]
    return list(dict.fromkeys(line for line in lines if _belongs(line, codename)))


def _from_stanzas(text: str) -> list[str]:
    """The one-line form of the stanzas of a deb822 file."""
    lines = []
    uncommented = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", uncommented):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line[:1].isspace():
                fields[name] = f"{fields.get(name, '')} {line.strip()}"
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        if fields.get("enabled", "yes").lower() == "no" or "deb" not in fields.get("types", "").split():
            continue
        key = fields.get("signed-by", "")
        option = f"[signed-by={key}] " if key.startswith("/") else ""
        lines += [
            f"deb {option}{uri} {suite} {fields.get('components', '')}".strip()
            for uri in fields.get("uris", "").split()
            for suite in fields.get("suites", "").split()
        ]
    return lines


def _belongs(line: str, codename: str) -> bool:
    """Whether a source is of the distribution itself: the release's own suite (or -updates …) with ``main``."""
    words = re.sub(r"\[[^]]*]", "", line).split()
    return len(words) > 3 and words[2].partition("-")[0] == codename and "main" in words[3:]
