"""The verb ``top``: what playgrounds use at this moment.

The server's API does not tell it; the engine does. So it is asked through the docker command, which works on the
server's machine for those who may use its engine.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from playground_sdk.cli.failures import FAILED
from playground_sdk.cli.output import shown
from playground_sdk.cli.session import Session
from playground_sdk.http import is_loopback
from playground_sdk.objects import Playground

__all__ = ["top"]

_LIMIT_S = 30
_HEADERS = ["NAME", "CPU", "MEMORY", "MEMORY %", "PROCESSES", "NETWORK IN / OUT", "RESTARTS"]


def top(
    ctx: typer.Context,
    *,
    selector: Annotated[str, typer.Option("--selector", "-l", metavar="LABELS", help="Only with these labels.")] = "",
    output: Annotated[str | None, typer.Option("--output", "-o", metavar="json", help="How to print.")] = None,
) -> None:
    """Show what running playgrounds use now, the busiest first. Works on the server's machine, through docker."""
    session = Session.of(ctx)
    if not is_loopback(session.endpoint.server) or shutil.which("docker") is None:
        typer.echo(
            "Error: what playgrounds use is asked of the engine itself: run this on the server's machine, where the "
            "docker command is.\nThe server's /metrics tells the rest to Prometheus.",
            err=True,
        )
        raise typer.Exit(FAILED)
    items = [item for item in session.client.playgrounds.list(labels=selector) if item["status"].get("containerId")]
    used = _stats([str(item["status"].get("containerId")) for item in items]) if items else {}
    seen = [(item, used[_id(item)]) for item in items if _id(item) in used]
    seen.sort(key=lambda pair: -_percent(pair[1].get("CPUPerc")))
    if output == "json":
        session.out.json([{"name": item["metadata"]["name"], **stats} for item, stats in seen])
    elif seen:
        session.out.table(_HEADERS, [_row(item, stats) for item, stats in seen])
    else:
        session.out.note("No playground runs.")


def _id(item: Playground) -> str:
    return str(item["status"].get("containerId"))[:12]


def _row(item: Playground, stats: Mapping[str, Any]) -> list[str]:
    told = [shown(stats.get(key)) for key in ("CPUPerc", "MemUsage", "MemPerc", "PIDs", "NetIO")]
    return [item["metadata"]["name"], *told, str(item["status"].get("restarts", 0))]


def _percent(text: object) -> float:
    try:
        return float(str(text).rstrip("%"))
    except ValueError:
        return 0.0


def _stats(containers: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What docker says of each, by the first twelve digits of its id; of those that are gone nothing.

    Raises:
        typer.Exit: docker can't be asked; it says why itself.
    """
    known = _docker("ps", "--no-trunc", "--quiet")
    there = [container for container in containers if container in known.split()]
    if not there:
        return {}
    lines = _docker("stats", "--no-stream", "--format", "{{json .}}", *there).splitlines()
    found: list[dict[str, Any]] = [json.loads(line) for line in lines if line.strip()]
    return {str(one.get("Container") or one.get("ID"))[:12]: one for one in found}


def _docker(*arguments: str) -> str:
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=_LIMIT_S, check=False, env=dict(os.environ)
    )
    if done.returncode:
        typer.echo(f"Error: {done.stderr.strip()}\nplayground doctor looks at docker on this machine.", err=True)
        raise typer.Exit(FAILED)
    return done.stdout
