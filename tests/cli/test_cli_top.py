"""``playground top``, with a docker command that plays docker."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.sdk.recorder import Agent
from tests.sdk.test_declarative import page, resource

IDS = ["a" * 64, "b" * 64, "c" * 64]
DOCKER = """#!/bin/sh
case "$1" in
  ps) printf '%s\\n' {running} ;;
  stats) shift 4; for id in "$@"; do echo "$id" >> {asked}; grep "$id" {answers}; done ;;
esac
"""


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    answers = tmp_path / "answers"
    usage = {"MemUsage": "100MiB / 2GiB", "MemPerc": "5%", "PIDs": "9", "NetIO": "1kB / 2kB"}
    lines = [
        json.dumps({"Container": one, "CPUPerc": cpu, **usage})
        for one, cpu in zip(IDS, ("1%", "80%", "9%"), strict=True)
    ]
    answers.write_text("\n".join(lines))
    script = folder / "docker"
    asked = tmp_path / "asked"
    script.write_text(DOCKER.format(running=" ".join(IDS[:2]), answers=answers, asked=asked))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return asked


def test_the_busiest_first(agent: Agent, cli: Cli, docker: Path) -> None:
    items = [resource(f"p{index}") for index in range(4)]
    for item, container in zip(items, IDS, strict=False):
        item["status"]["containerId"] = container
    agent.answers(page(*items), page(*items), page())
    rows = cli("top", "-l", "a=b").stdout.splitlines()
    assert [row.split()[:2] for row in rows] == [["NAME", "CPU"], ["p1", "80%"], ["p0", "1%"]]
    assert docker.read_text().split() == IDS[:2], "one that is gone is not asked about"
    assert ("labelSelector", "a=b") in agent.last.query
    assert [one["name"] for one in json.loads(cli("top", "-o", "json").stdout)] == ["p1", "p0"]
    assert "No playground runs" in cli("top").stderr


def test_elsewhere_it_says_where_it_works(cli: Cli, docker: Path) -> None:
    done = cli("top", "--server", "http://agent.example")
    assert done.exit_code == 1
    assert "on the server's machine" in done.stderr


def test_docker_s_own_words_are_told(agent: Agent, cli: Cli, docker: Path, tmp_path: Path) -> None:
    (tmp_path / "bin" / "docker").write_text("#!/bin/sh\necho 'permission denied' >&2; exit 1\n")
    item = resource("a")
    item["status"]["containerId"] = IDS[0]
    agent.answers(page(item))
    done = cli("top")
    assert (done.exit_code, "permission denied" in done.stderr) == (1, True)
