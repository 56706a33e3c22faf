"""What the image learns from the machine: certificates, the package index, Debian's package sources."""

from pathlib import Path

import pytest

from controller.baseimage import BaseImageOptions
from controller.baseimage.debian import host_sources
from controller.baseimage.ensure import recipe_version
from controller.baseimage.host import PackageIndex, certificates, extra_trust, host_bundle, host_index


def pem(*bodies: str) -> bytes:
    return "".join(f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n" for body in bodies).encode()


def test_certificates_are_compared_whatever_their_order_and_the_text_between() -> None:
    assert certificates(b"# one\n" + pem("A", "B")) == certificates(pem("B") + b"\n\n# two" + pem("A"))


@pytest.mark.parametrize(
    ("host", "image", "taken"),
    [
        (pem("A", "B"), pem("B", "A"), False),
        (pem("A"), pem("A", "B"), False),
        (pem("A", "intercepts"), pem("A", "B"), True),
        (pem("A"), None, True),
    ],
)
def test_the_hosts_bundle_is_taken_when_it_trusts_more(host: bytes, image: bytes | None, *, taken: bool) -> None:
    assert extra_trust(host, image) == (host if taken else b"")


def test_the_bundle_named_in_the_environment_comes_first(tmp_path: Path) -> None:
    own = tmp_path / "own.pem"
    own.write_bytes(pem("A"))
    assert host_bundle({"REQUESTS_CA_BUNDLE": str(own)}) == own
    assert host_bundle({"SSL_CERT_FILE": str(own), "REQUESTS_CA_BUNDLE": "/nowhere"}) == own


def test_the_index_comes_from_the_environment_then_from_pips_files(tmp_path: Path) -> None:
    system, user = tmp_path / "system.conf", tmp_path / "user.conf"
    system.write_text("[global]\nindex-url = https://mirror.test/system\n", encoding="utf-8")
    user.write_text("[global]\nindex-url = https://mirror.test/user\nfind-links = /opt/wheels\n", encoding="utf-8")
    assert host_index({"PIP_INDEX_URL": "https://mirror.test/env"}, (system, user)) == "https://mirror.test/env"
    assert host_index({}, (system, user)) == "https://mirror.test/user"
    assert host_index({}, (system, tmp_path / "none.conf")) == "https://mirror.test/system"
    assert host_index({"PIP_INDEX_URL": "file:///opt/index"}, ()) is None


def test_the_index_is_shown_and_logged_without_its_password() -> None:
    index = PackageIndex("https://anna:s%40cret@mirror.test/simple")
    lines: list[str] = []
    hidden = index.hide(lines.append)
    for line in ("GET https://anna:s%40cret@mirror.test/simple/uv", "with s@cret", "nothing here"):
        hidden(line)
    assert index.shown == "https://mirror.test/simple"
    assert lines == ["GET https://***:***@mirror.test/simple/uv", "with ***", "nothing here"]
    assert "s%40cret@mirror.test" in index.pip_conf()
    assert "s%40cret@mirror.test" in index.uv_toml()
    assert PackageIndex(None).pip_conf() == PackageIndex(None).uv_toml() == ""


def test_debians_sources_are_read_in_both_forms_without_strangers(tmp_path: Path) -> None:
    folder = tmp_path / "sources.list.d"
    folder.mkdir()
    (tmp_path / "sources.list").write_text(
        "# deb http://old.test/debian trixie main\n"
        "deb [arch=amd64] http://mirror.test/debian trixie main contrib\n"
        "deb-src http://mirror.test/debian trixie main\n",
        encoding="utf-8",
    )
    (folder / "debian.sources").write_text(
        "# ours\nTypes: deb deb-src\nURIs: http://mirror.test/debian\nSuites: trixie trixie-updates\n"
        "Components: main\nSigned-By: /usr/share/keyrings/k.gpg\n\n"
        "Types: deb\nEnabled: no\nURIs: http://off.test/debian\nSuites: trixie\nComponents: main\n\n"
        "Types: deb\nURIs: http://key.test/debian\nSuites: trixie-security\nComponents: main\n"
        "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n",
        encoding="utf-8",
    )
    (folder / "tool.list").write_text("deb http://tool.test/apt stable main\n", encoding="utf-8")
    (folder / "off.sources.disabled").write_text("Types: deb\nURIs: http://x.test\nSuites: trixie\n", encoding="utf-8")
    assert host_sources("trixie", tmp_path) == [
        "deb [arch=amd64] http://mirror.test/debian trixie main contrib",
        "deb [signed-by=/usr/share/keyrings/k.gpg] http://mirror.test/debian trixie main",
        "deb [signed-by=/usr/share/keyrings/k.gpg] http://mirror.test/debian trixie-updates main",
        "deb http://key.test/debian trixie-security main",
    ]


def test_our_own_image_is_known_with_and_without_its_tag() -> None:
    assert BaseImageOptions().is_default
    assert BaseImageOptions(name="playground-gradio-base").is_default
    assert not BaseImageOptions(name="ours:2").is_default


def test_the_recipe_has_a_version_of_its_content() -> None:
    assert len(recipe_version()) == 12
    assert recipe_version() == recipe_version()
