"""`playground-server` as its users start it."""

import os
import subprocess
import sys
from pathlib import Path

COMMANDS = ("run", "api", "controller", "migrate", "base-image", "plan", "gc")


def server(data_dir: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end, with nothing but these settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PLAYGROUND_", "GRADIO_"))}
    program = [sys.executable, "-c", "from controller.cli import main; main()", *arguments]
    settings = {"PLAYGROUND_DATA_DIR": str(data_dir), "COLUMNS": "200", **environment}
    return subprocess.run(program, env=clean | settings, capture_output=True, text=True, timeout=60, check=False)


def test_help_names_all_commands(tmp_path: Path) -> None:
    done = server(tmp_path, "--help")
    assert done.returncode == 0
    assert all(command in done.stdout for command in COMMANDS)


def test_migrate_makes_the_database_and_may_be_run_again(tmp_path: Path) -> None:
    for _ in range(2):
        done = server(tmp_path / "data", "migrate")
        assert (done.returncode, done.stdout) == (0, "The database has this version's schema.\n"), done.stderr
    assert (tmp_path / "data" / "playground.db").is_file()


def test_a_database_that_cannot_be_is_a_sentence(tmp_path: Path) -> None:
    done = server(tmp_path, "migrate", "--database-url", "mysql://nowhere/x")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr


def test_bad_settings_end_with_2_and_say_which(tmp_path: Path) -> None:
    for command in ("run", "api", "controller", "migrate"):
        done = server(tmp_path, command, PLAYGROUND_PORT_RANGE="9-1")
        assert (done.returncode, done.stdout) == (2, ""), command
        assert "port_range: Value error, ports lie between 1 and 65535" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_file_that_is_not_toml_ends_with_2(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("port = = 1")
    done = server(tmp_path, "migrate", PLAYGROUND_CONFIG=str(tmp_path / "bad.toml"))
    assert done.returncode == 2
    assert "The settings cannot be read" in done.stderr


def test_an_unknown_flag_ends_with_2(tmp_path: Path) -> None:
    assert server(tmp_path, "run", "--nonsense").returncode == 2
