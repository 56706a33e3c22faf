"""The verb that makes playgrounds."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from playground_sdk.cli.failures import UsageFailure
from playground_sdk.cli.output import shown
from playground_sdk.cli.progress import ProgressView
from playground_sdk.cli.session import Session
from playground_sdk.cli.values import json_pairs, params_file, text_pairs
from playground_sdk.models import Container
from playground_sdk.packing import pack_folder

__all__ = ["create"]


def create(  # noqa: PLR0913 - one parameter per option
    ctx: typer.Context,
    release: Annotated[
        str | None, typer.Argument(metavar="CODE@VERSION", help="A release the server knows.", show_default=False)
    ] = None,
    *,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", "-f", metavar="PATH", help="The plugin: a ZIP archive, or a folder that is packed first."
        ),
    ] = None,
    model: Annotated[int | None, typer.Option(metavar="ID", help="The model; belongs to the identity.")] = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", metavar="KEY=JSON", help="For the app, in PLUGIN_PARAMS.")
    ] = None,
    from_file: Annotated[
        Path | None, typer.Option("--params-file", metavar="FILE", help="The same from a JSON file; --param wins.")
    ] = None,
    env: Annotated[
        list[str] | None, typer.Option("--env", "-e", metavar="KEY=TEXT", help="An environment variable for the app.")
    ] = None,
    label: Annotated[list[str] | None, typer.Option("--label", "-l", metavar="LABEL", help="For filtering.")] = None,
    metadata: Annotated[
        list[str] | None, typer.Option("--metadata", metavar="KEY=JSON", help="Kept with the record.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", help="plugin_runtime (the default) or code_server.")
    ] = None,
    image: Annotated[str | None, typer.Option(metavar="IMAGE", help="What a code_server runs.")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it serves, or only ask for it.")] = True,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0, help="How long to wait.")] = 300,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="json", help="Print all of it as JSON.")
    ] = None,
) -> None:
    """Create a playground from a release or an archive, and wait until it serves.

    Prints its URL. The same release and model again restart the playground that is there; changed content, params or
    environment replace it.
    """
    if not release and file is None:
        raise UsageFailure("Create what? Name a release (CODE@VERSION), or a plugin with --file PATH.")
    if output not in {None, "json"}:
        raise UsageFailure(f"-o {output}: create knows json only.")
    wanted: dict[str, Any] = {
        "params": {**(params_file(from_file) if from_file else {}), **json_pairs("--param", param or [])} or None,
        "envs": text_pairs("--env", env or []) or None,
        "metadata": json_pairs("--metadata", metadata or []) or None,
        "labels": label or None,
        "model": model,
        "kind": kind,
        "image": image,
    }
    session = Session.of(ctx)
    with _archive(file, session) as archive, ProgressView(session.out) as view:
        container = session.client.create_container(
            release or None, plugin_file=archive, wait=wait, timeout=timeout, on_progress=view, **wanted
        )
    _print(session, container, output, waited=wait)


def _print(session: Session, container: Container, output: str | None, *, waited: bool) -> None:
    """The URL alone goes to stdout; without one, the name to ask for it by."""
    name = shown(container.get("name") or container.get("id") or container.get("build_id"))
    for warning in container.get("warnings") or ():
        session.out.note(f"warning: {warning}")
    if output == "json":
        session.out.json(container)
    elif waited and container.get("endpoint"):
        again = " (restarted)" if container.get("restarted") else ""
        session.out.note(f"{name} is {shown(container.get('status'))}{again}")
        session.out.line(str(container["endpoint"]))
    else:
        session.out.line(name)
        session.out.note(f"{shown(container.get('status'))}; see how it goes with: playground get {name}")


@contextmanager
def _archive(file: Path | None, session: Session) -> Iterator[Path | None]:
    """The archive to send; a folder is packed into a temporary one."""
    if file is None or not file.is_dir():
        yield file
        return
    with tempfile.TemporaryDirectory(prefix="playground-") as scratch:
        archive = Path(scratch) / f"{file.resolve().name or 'plugin'}.zip"
        try:
            count = pack_folder(file, archive)
        except ValueError as exc:
            raise UsageFailure(f"--file: {exc}") from exc
        session.out.note(f"packed {count} files, {archive.stat().st_size / 1e6:.1f} MB")
        yield archive
