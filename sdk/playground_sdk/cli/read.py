"""The verb ``list``, and how one playground is shown: by the calls that every server of the Agent's contract has."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

from playground_sdk._clock import SystemClock
from playground_sdk.cli.failures import UsageFailure
from playground_sdk.cli.output import age, shown
from playground_sdk.cli.session import Session
from playground_sdk.models import Container

__all__ = ["list_playgrounds", "show_playground"]

_Column = tuple[str, Callable[[Container, float], str]]
_NARROW: tuple[_Column, ...] = (
    ("NAME", lambda item, _: shown(item.get("name"))),
    ("STATUS", lambda item, _: shown(item.get("status"))),
    ("RELEASE", lambda item, _: shown(item.get("plugin_release"))),
    ("MODEL", lambda item, _: shown(item.get("model"))),
    ("AGE", lambda item, now: age(item.get("created_at"), now)),
    ("URL", lambda item, _: shown(item.get("endpoint"))),
)
_WIDE: tuple[_Column, ...] = (
    *_NARROW,
    ("CONTAINER", lambda item, _: shown((_container_id(item) or "")[:12])),
    ("IMAGE", lambda item, _: shown(item.get("image"))),
    ("PORT", lambda item, _: shown(item.get("host_port"))),
    ("RESTARTS", lambda item, _: shown(item.get("restarts"))),
    ("LABELS", lambda item, _: shown(",".join(item.get("labels") or ()))),
    ("MESSAGE", lambda item, _: shown(item.get("message") or item.get("last_error"))),
)


def list_playgrounds(
    ctx: typer.Context,
    *,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="wide|json|name", help="How to print.")
    ] = None,
    status: Annotated[str | None, typer.Option(metavar="STATUS", help="Only those with this status.")] = None,
    label: Annotated[
        list[str] | None, typer.Option("--label", "-l", metavar="LABEL", help="Only those with all of them.")
    ] = None,
    release: Annotated[str | None, typer.Option(metavar="CODE@VERSION", help="Only those of this release.")] = None,
    model: Annotated[int | None, typer.Option(metavar="ID", help="Only those of this model.")] = None,
) -> None:
    """List the playgrounds."""
    _check_output("list", output, "wide", "json", "name")
    session = Session.of(ctx)
    filters = {"status": status, "label": label or None, "plugin_release": release, "model": model}
    params = {key: value for key, value in filters.items() if value is not None}
    containers, _ = session.client.list_containers(params, list_all=True)
    if output == "json":
        session.out.json(containers)
    elif output == "name":
        for item in containers:
            session.out.line(shown(item.get("name")))
    elif containers:
        now = SystemClock().time()
        chosen = _WIDE if output == "wide" else _NARROW
        rows = [[render(item, now) for _, render in chosen] for item in containers]
        session.out.table([header for header, _ in chosen], rows)
    else:
        session.out.note("No playgrounds match." if params else "No playgrounds yet; make one with: playground create")


def show_playground(session: Session, playground: str) -> None:
    """Print one playground in lines, with its conditions, as every server of the Agent's contract tells it."""
    container = session.client.get_container(playground)
    now = SystemClock().time()
    session.out.facts(_facts(container, now))
    if conditions := container.get("conditions"):
        session.out.line("")
        session.out.table(
            ["CONDITION", "STATUS", "REASON", "SINCE", "MESSAGE"],
            [
                [
                    shown(item.get("type")),
                    shown(item.get("status")),
                    shown(item.get("reason")),
                    age(item.get("last_transition_time"), now),
                    shown(item.get("message")),
                ]
                for item in conditions
            ],
        )


def _facts(container: Container, now: float) -> list[tuple[str, str]]:
    """What ``get`` tells in lines; what is not known is left out."""
    model = container.get("model")
    pairs: list[tuple[str, Any]] = [
        ("Name", container.get("name")),
        ("Status", container.get("status")),
        ("Message", container.get("message")),
        ("URL", container.get("endpoint")),
        ("Health", container.get("health")),
        ("Release", container.get("plugin_release")),
        ("Model", None if model is None else str(model)),
        ("Container", _container_id(container)),
        ("Image", container.get("image")),
        ("Host port", container.get("host_port")),
        ("Restarts", container.get("restarts")),
        ("Labels", ", ".join(container.get("labels") or ())),
        ("Params", _json(container.get("params"))),
        ("Metadata", _json(container.get("metadata"))),
        ("Generation", container.get("generation")),
        ("Age", age(container.get("created_at"), now)),
        ("Next attempt", container.get("next_attempt_at")),
        ("Last error", container.get("last_error")),
        ("Last lines", "\n".join(container.get("last_log_lines") or ())),
    ]
    return [(name, str(value)) for name, value in pairs if value not in {None, "", "-"}]


def _container_id(container: Container) -> str | None:
    """The Docker container's id, where there is a container: until then a server may give the playground's uid."""
    found = container.get("id")
    return None if found == container.get("uid") else found


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if value else ""


def _check_output(verb: str, output: str | None, *known: str) -> None:
    if output is not None and output not in known:
        raise UsageFailure(f"-o {output}: {verb} knows {', '.join(known)}.")
