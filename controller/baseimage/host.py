"""What this machine trusts and where it gets packages, so that builds and plugins can do the same.

Networks that intercept TLS, or that have a mirror instead of the public index, are set up on the machine already;
a container knows nothing of it unless it is told.
"""

import configparser
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

USUAL_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
IMAGE_BUNDLE = USUAL_BUNDLES[0]
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
_INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")


def certificates(bundle: bytes) -> frozenset[bytes]:
    """The certificates of a PEM file, whatever their order and the text between them."""
    return frozenset(b"".join(body.split()) for body in _CERTIFICATE.findall(bundle))


def host_bundle(environment: Mapping[str, str]) -> Path | None:
    """The file with the certificates that programs on this machine trust; None when there is none."""
    for candidate in (environment.get("SSL_CERT_FILE"), environment.get("REQUESTS_CA_BUNDLE"), *USUAL_BUNDLES):
        if candidate and Path(candidate).is_file():
            return Path(candidate)
    return None


def extra_trust(host: bytes, image: bytes | None) -> bytes:
    """The host's bundle when it trusts something that the image would not, else nothing."""
    return host if certificates(host) - certificates(image or b"") else b""


def host_index(environment: Mapping[str, str], config_files: tuple[Path, ...] | None = None) -> str | None:
    """The package index that pip or uv use on this machine, if it is one that a container can reach (http, https)."""
    for variable in _INDEX_VARIABLES:
        if _reachable(environment.get(variable, "")):
            return environment[variable]
    for path in reversed(_pip_configs(environment) if config_files is None else config_files):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue
        for section in ("install", "global"):
            url = parser.get(section, "index-url", fallback="").strip()
            if _reachable(url):
                return url
    return None


def _pip_configs(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """pip's configuration files, the strongest last."""
    home = Path(environment.get("HOME") or Path("~").expanduser())
    own = Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf"
    files = [Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf"), home / ".pip" / "pip.conf", own]
    if environment.get("PIP_CONFIG_FILE"):
        files.append(Path(environment["PIP_CONFIG_FILE"]))
    return tuple(files)


def _reachable(url: str) -> bool:
    return urlsplit(url).scheme in ("http", "https")


@dataclass(frozen=True)
class PackageIndex:
    """The package index of the image; ``url`` is None for the public one."""

    url: str | None

    @property
    def shown(self) -> str:
        """The address without user and password."""
        if self.url is None:
            return "the public index"
        parts = urlsplit(self.url)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

    def pip_conf(self) -> str:
        """pip's configuration file for the image."""
        return f"[global]\nindex-url = {self.url}\n" if self.url else ""

    def uv_toml(self) -> str:
        """uv's configuration file for the image."""
        if not self.url:
            return ""
        url = self.url.replace("\\", "\\\\").replace('"', '\\"')
        return f'[[index]]\nurl = "{url}"\ndefault = true\n'

    def hide(self, show: Callable[[str], None]) -> Callable[[str], None]:
        """``show``, with user and password of the index crossed out in every line."""
        parts = urlsplit(self.url or "")
        secrets = [secret for secret in (parts.password, parts.username) if secret]
        spellings = {spelling for secret in secrets for spelling in (secret, unquote(secret), quote(secret, safe=""))}

        def hidden(line: str) -> None:
            for spelling in sorted(spellings, key=len, reverse=True):
                line = line.replace(spelling, "***")
            show(line)

        return hidden if spellings else show


def environment() -> Mapping[str, str]:
    """This process's environment, as the functions above take it."""
    return os.environ
