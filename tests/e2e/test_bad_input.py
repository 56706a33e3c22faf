"""Bad input: a clear error through the client and through the command line, and nothing left behind."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from playground_sdk import AgentClient, AuthenticationError, NotFoundError, ValidationError
from tests.e2e.engine import containers_of
from tests.e2e.plugins import PAGE, hello, pack
from tests.e2e.server import Server

pytestmark = pytest.mark.engine


@dataclass(frozen=True)
class Files:
    """What a user might offer."""

    missing: Path
    no_zip: Path
    no_page: Path
    good: Path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("files")
    no_zip = folder / "no-zip.zip"
    no_zip.write_text("code: hello-gradio\n")
    without_page = {name: text for name, text in hello("e2e-no-page").items() if name != PAGE}
    return Files(
        missing=folder / "missing.zip",
        no_zip=no_zip,
        no_page=pack(folder / "no-page.zip", without_page),
        good=pack(folder / "good.zip", hello("e2e-good")),
    )


@pytest.fixture(autouse=True)
def nothing_left(server: Server) -> Iterator[None]:
    """No record, no release, no archive, no temporary file, no container: before as after."""
    before = server.files()
    yield
    assert server.client.list_containers()["count"] == 0
    assert server.client.list_plugin_releases()["count"] == 0
    assert server.files() == before
    assert not any("upload-" in name for name in before)
    assert containers_of(server.controller_id) == []


Create = Callable[[AgentClient, Files], object]
SDK_CASES: dict[str, tuple[Create, type[Exception], str]] = {
    "neither release nor file": (lambda c, f: c.create_container(), ValueError, "plugin_release"),
    "a wrong type": (lambda c, f: c.create_container(5), TypeError, "int"),  # type: ignore[arg-type]
    "a wrong type of model": (
        lambda c, f: c.create_container("a@1", model="x"),  # type: ignore[arg-type]
        TypeError,
        "model must be an int",
    ),
    "a missing file": (lambda c, f: c.create_container(plugin_file=f.missing), FileNotFoundError, "missing.zip"),
    "a file that is no ZIP": (lambda c, f: c.create_container(plugin_file=f.no_zip), ValidationError, "ZIP"),
    "no Gradio module": (lambda c, f: c.create_container(plugin_file=f.no_page), ValidationError, "Gradio"),
    "another release than named": (
        lambda c, f: c.create_container("other@2", plugin_file=f.good),
        ValidationError,
        "e2e-good@1.0.0 by its config.yaml",
    ),
    "an unknown release": (
        lambda c, f: c.create_container("nobody@1.0"),
        NotFoundError,
        "Unknown release 'nobody@1.0'",
    ),
}


@pytest.mark.parametrize("case", SDK_CASES)
def test_through_the_client(case: str, server: Server, files: Files) -> None:
    create, error, words = SDK_CASES[case]
    with pytest.raises(error) as caught:
        create(server.client, files)
    assert type(caught.value) is error
    assert words in str(caught.value)


def test_a_wrong_token_through_the_client(server: Server, files: Files) -> None:
    with AgentClient(server.url, "wrong") as stranger, pytest.raises(AuthenticationError, match="token"):
        stranger.create_container(plugin_file=files.good)


CLI_CASES: dict[str, tuple[list[str], int, str]] = {
    "neither release nor file": ([], 2, "Name a release"),
    "a wrong type": (["a@1", "--model", "x"], 2, "--model"),
    "a missing file": (["--file", "{missing}"], 2, "missing.zip"),
    "a file that is no ZIP": (["--file", "{no_zip}"], 1, "ZIP"),
    "no Gradio module": (["--file", "{no_page}"], 1, "Gradio"),
    "an unknown release": (["nobody@1.0"], 3, "Unknown release 'nobody@1.0'"),
    "a wrong token": (["--file", "{good}", "--token", "wrong"], 5, "token"),
}


@pytest.mark.parametrize("case", CLI_CASES)
def test_through_the_command_line(case: str, server: Server, files: Files) -> None:
    arguments, code, words = CLI_CASES[case]
    done = server.cli("create", *(argument.format(**vars(files)) for argument in arguments))
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
