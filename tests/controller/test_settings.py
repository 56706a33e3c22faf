"""Settings: defaults, aliases, the file, what goes over what, and what is refused."""

from pathlib import Path

import pytest
import typer
from pydantic import ValidationError

from api.settings import DEFAULT_BASE_IMAGE, Settings, default_start_slots
from controller.cli_common import settings_from


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in tuple(os.environ):
        if name.startswith(("PLAYGROUND_", "GRADIO_")) or name == "DOCKER_HOST":
            monkeypatch.delenv(name)
    monkeypatch.setenv("PLAYGROUND_DATA_DIR", str(tmp_path))


def test_defaults_serve_on_a_laptop(tmp_path: Path) -> None:
    settings = Settings()
    assert (settings.host, settings.port, settings.bind_host) == ("127.0.0.1", 8000, "127.0.0.1")
    assert (settings.port_range[0], settings.port_range[-1]) == (7860, 8860)
    assert settings.resolved_database_url == f"sqlite:///{tmp_path / 'playground.db'}"
    assert settings.base_image == DEFAULT_BASE_IMAGE
    assert settings.resolved_start_slots == default_start_slots()


@pytest.mark.parametrize(("cores", "slots"), [(1, 3), (2, 6), (64, 32), (None, 3)])
def test_there_are_some_passes_for_each_core(monkeypatch: pytest.MonkeyPatch, cores: int | None, slots: int) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    assert Settings().resolved_start_slots == slots
    monkeypatch.setenv("PLAYGROUND_START_SLOTS", "3")
    assert Settings().resolved_start_slots == 3


def test_the_port_range_includes_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYGROUND_PORT_RANGE", "9000-9001")
    assert list(Settings().port_range) == [9000, 9001]
    monkeypatch.setenv("PLAYGROUND_PORT_RANGE", " 9000 - 9000 ")
    assert list(Settings().port_range) == [9000]


@pytest.mark.parametrize(
    "text", ["7860", "7860:8860", "a-b", "8860-7860", "0-10", "65000-65536", "-5-10", "7860-", "-", "1.5-2"]
)
def test_port_ranges_that_cannot_be(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("PLAYGROUND_PORT_RANGE", text)
    with pytest.raises(ValidationError, match="port"):
        Settings()


def test_the_base_images_two_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_CONTAINER_BASE_IMAGE", "theirs:1")
    assert Settings().base_image == "theirs:1"
    monkeypatch.setenv("PLAYGROUND_BASE_IMAGE", "ours:1")
    assert Settings().base_image == "ours:1"
    monkeypatch.setenv("PLAYGROUND_BASE_IMAGE", "")
    assert Settings().base_image == "theirs:1", "empty is not set"


def test_environment_goes_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "playground.toml"
    file.write_text('port = 9000\nbase_image = "file:1"\nport_range = "9100-9200"\nlog_level = "debug"\n')
    monkeypatch.setenv("PLAYGROUND_CONFIG", str(file))
    settings = Settings()
    assert (settings.port, settings.base_image, settings.log_level) == (9000, "file:1", "debug")
    assert settings.port_range == range(9100, 9201)
    monkeypatch.setenv("PLAYGROUND_PORT", "9001")
    monkeypatch.setenv("GRADIO_CONTAINER_BASE_IMAGE", "env:1")
    settings = Settings()
    assert (settings.port, settings.base_image, settings.log_level) == (9001, "env:1", "debug")


def test_flags_go_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYGROUND_PORT", "9001")
    monkeypatch.setenv("PLAYGROUND_HOST", "0.0.0.0")
    settings = settings_from({"port": 9002, "host": None})
    assert (settings.port, settings.host) == (9002, "0.0.0.0")
    assert Settings().port == 9002, "and the processes to come read the same"


def test_where_playgrounds_are_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYGROUND_BIND_HOST", "0.0.0.0")
    assert Settings().resolved_advertise_host == "127.0.0.1"
    monkeypatch.setenv("PLAYGROUND_BIND_HOST", "10.0.0.5")
    assert Settings().resolved_advertise_host == "10.0.0.5"
    monkeypatch.setenv("PLAYGROUND_ADVERTISE_HOST", "play.example")
    assert Settings().resolved_advertise_host == "play.example"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "70000"),
        ("CONTROLLER_ID", "Not Good"),
        ("ENGINE_TIMEOUT", "0"),
        ("LOG_LEVEL", "loud"),
        ("BUILD_NETWORK", "host"),
        ("START_SLOTS", "0"),
    ],
)
def test_what_is_refused_is_one_sentence_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    monkeypatch.setenv(f"PLAYGROUND_{name}", value)
    with pytest.raises(typer.Exit) as stopped:
        settings_from({})
    assert stopped.value.exit_code == 2
    assert name.lower() in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, "port = = 1\n", b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_a_sentence_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str | bytes | None
) -> None:
    file = tmp_path / "playground.toml"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.setenv("PLAYGROUND_CONFIG", str(file))
    with pytest.raises(typer.Exit) as stopped:
        settings_from({})
    assert stopped.value.exit_code == 2
    assert "The settings cannot be read" in capsys.readouterr().err
