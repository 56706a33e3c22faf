"""The verb ``describe``: everything that is known about a playground, for people."""

from typing import Annotated, Any

import typer

from playground_sdk._clock import SystemClock
from playground_sdk.cli.arguments import PLAYGROUNDS
from playground_sdk.cli.output import Output, age, shown
from playground_sdk.cli.session import Session
from playground_sdk.cli.yaml_text import as_yaml
from playground_sdk.objects import Playground, ResourceEvent
from playground_sdk.readiness import find_condition, waiting_for

__all__ = ["describe", "event_rows"]


def describe(ctx: typer.Context, playgrounds: Annotated[list[str], PLAYGROUNDS]) -> None:
    """Tell everything about playgrounds: spec, conditions, port, restarts, the last failure, events."""
    session = Session.of(ctx)
    for index, name in enumerate(dict.fromkeys(playgrounds)):
        if index:
            session.out.line("\n---\n")
        item = session.playground(name)
        _describe(session.out, item, session.client.playgrounds.events(item["metadata"]["name"]))


def event_rows(events: list[ResourceEvent], now: float, *, named: bool) -> tuple[list[str], list[list[str]]]:
    """(headers, rows) of a table of events; ``named`` has a column for the playground."""
    rows = [
        [
            age(event.get("lastTimestamp"), now),
            shown(event.get("type")),
            shown(event.get("reason")),
            *([shown((event.get("involvedObject") or {}).get("name"))] if named else []),
            shown(event.get("count")),
            shown(event.get("message")),
        ]
        for event in events
    ]
    return ["LAST SEEN", "TYPE", "REASON", *(["PLAYGROUND"] if named else []), "COUNT", "MESSAGE"], rows


def _describe(out: Output, item: Playground, events: list[ResourceEvent]) -> None:
    now = SystemClock().time()
    out.facts(_facts(item, now))
    out.line("\nSpec:")
    out.line("\n".join(f"  {line}" for line in as_yaml(item["spec"]).splitlines()))
    if conditions := item["status"].get("conditions"):
        out.line("\nConditions:")
        rows = [
            [one["type"], one["status"], one["reason"], age(one["lastTransitionTime"], now), shown(one["message"])]
            for one in conditions
        ]
        out.table(["CONDITION", "STATUS", "REASON", "SINCE", "MESSAGE"], rows)
    if failure := item["status"].get("lastFailure"):
        out.line("\nLast failure:")
        code = failure.get("exitCode")
        how = [f"exit code {code}"] if code is not None else []
        how += ["out of memory"] if failure.get("oomKilled") else []
        out.line(f"  {failure['reason']}, {age(failure['time'], now)} ago{''.join(f', {word}' for word in how)}")
        for line in failure["message"].splitlines():
            out.line(f"  {line}")
        for line in failure.get("logTail") or ():
            out.line(f"  | {line}")
    if events:
        out.line("\nEvents:")
        out.table(*event_rows(events, now, named=False))


def _facts(item: Playground, now: float) -> list[tuple[str, str]]:
    """What there is to say in a line each; what is not known is left out."""
    metadata, status = item["metadata"], item["status"]
    labels = metadata.get("labels") or {}
    annotations = metadata.get("annotations") or {}
    seen = status["observedGeneration"]
    generation = f"{metadata['generation']}" + ("" if seen >= metadata["generation"] else f" (seen so far: {seen})")
    pairs: list[tuple[str, Any]] = [
        ("Name", metadata["name"]),
        ("Uid", metadata["uid"]),
        ("Labels", "\n".join(f"{name}={value}" if value else name for name, value in labels.items())),
        ("Annotations", as_yaml(annotations).rstrip() if annotations else None),
        ("Age", age(metadata.get("creationTimestamp"), now)),
        ("Status", status["phase"]),
        ("Message", None if find_condition(item, "Ready") == "True" else waiting_for(item)),
        ("URL", status.get("endpoint")),
        ("Host port", status.get("hostPort")),
        ("Container", status.get("containerId")),
        ("Image", status.get("image")),
        ("Content", status.get("archive")),
        ("Generation", generation),
        ("Restarts", status.get("restarts")),
        ("Next attempt", status.get("nextAttemptAt")),
        ("Expires", status.get("expiresAt")),
        ("Deletion asked", metadata.get("deletionTimestamp")),
    ]
    return [(name, str(value)) for name, value in pairs if value not in {None, "", "-"}]
