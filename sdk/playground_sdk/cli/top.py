"""The verb ``top``: what playgrounds use at this moment."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import typer

from playground_sdk.cli.session import Session
from playground_sdk.client import AgentClient
from playground_sdk.errors import NotFoundError
from playground_sdk.models import Usage
from playground_sdk.objects import Playground

__all__ = ["top"]

_AT_ONCE = 8
"""Requests under way: the engine takes a second or two to measure one container."""
_HEADERS = ["NAME", "CPU", "MEMORY", "NETWORK IN", "NETWORK OUT", "RESTARTS"]
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def top(
    ctx: typer.Context,
    *,
    selector: Annotated[str, typer.Option("--selector", "-l", metavar="LABELS", help="Only with these labels.")] = "",
    output: Annotated[str | None, typer.Option("--output", "-o", metavar="json", help="How to print.")] = None,
) -> None:
    """Show what running playgrounds use now, the busiest first."""
    session = Session.of(ctx)
    items = [item for item in session.client.playgrounds.list(labels=selector) if item["status"].get("containerId")]
    seen = [(item, usage) for item, usage in _measured(session.client, items) if usage.get("cpu_percent") is not None]
    seen.sort(key=lambda pair: -(pair[1].get("cpu_percent") or 0.0))
    if output == "json":
        session.out.json([{"name": item["metadata"]["name"], **usage} for item, usage in seen])
    elif seen:
        session.out.table(_HEADERS, [_row(item, usage) for item, usage in seen])
    else:
        session.out.note("No playground runs.")


def _measured(client: AgentClient, items: Iterable[Playground]) -> list[tuple[Playground, Usage]]:
    """Each with what it uses; one that was deleted meanwhile uses nothing."""

    def measure(item: Playground) -> tuple[Playground, Usage]:
        try:
            return item, client.get_container_usage(item["metadata"]["uid"])
        except NotFoundError:
            return item, Usage()

    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return list(pool.map(measure, items))


def _row(item: Playground, usage: Usage) -> list[str]:
    told = [
        _size(usage.get("memory_bytes")),
        _size(usage.get("network_rx_bytes")),
        _size(usage.get("network_tx_bytes")),
    ]
    return [
        item["metadata"]["name"],
        f"{usage.get('cpu_percent') or 0.0:.1f}%",
        *told,
        str(item["status"].get("restarts", 0)),
    ]


def _size(count: int | None) -> str:
    """Bytes in the largest unit that leaves at least one."""
    if count is None:
        return "-"
    size, unit = float(count), 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.0f} {_UNITS[unit]}" if unit == 0 else f"{size:.1f} {_UNITS[unit]}"
