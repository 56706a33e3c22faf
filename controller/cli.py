"""`playground-server`: the operator's command. Flags go over environment, and environment over the settings file.

Flags reach the processes as environment variables, so that `run`, `api` and `controller` read their settings in the one
way there is. This module imports neither process: each is started in an interpreter of its own.
"""

import os
import sys
from typing import Annotated, NoReturn

import typer

from api.local_files import ensure_token
from api.settings import Settings
from api.store import Store, StoreError
from api.telemetry import configure_logging
from controller import operator, supervise
from controller.baseimage.command import base_image
from controller.cli_common import (
    AdvertiseHost,
    BindHost,
    ControllerPort,
    DatabaseUrl,
    DataDir,
    Host,
    LogFormat,
    LogLevel,
    Port,
    PortRange,
    Token,
    give_up,
    settings_from,
)
from controller.cli_operations import doctor, firewall
from controller.cli_tokens import secret, token
from controller.engine.errors import EngineError

app = typer.Typer(
    name="playground-server",
    help="Runs plugins' Gradio pages as Docker containers, kept as wanted by a reconciliation controller.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("base-image")(base_image)
app.command()(doctor)
app.command()(firewall)
app.add_typer(token, name="token")
app.add_typer(secret, name="secret")


@app.command()
def run(  # noqa: PLR0913, PLR0917 (one parameter is one flag)
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    host: Host = None,
    port: Port = None,
    token: Token = None,
    port_range: PortRange = None,
    bind_host: BindHost = None,
    advertise_host: AdvertiseHost = None,
    controller_port: ControllerPort = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Run the API and the controller together on this machine."""
    settings = settings_from(locals())
    configure_logging(settings.log_level, settings.log_format, process="run")
    _migrate(settings)
    ensure_token(settings)
    _become([sys.executable, "-m", supervise.__name__, settings.log_level, settings.log_format])


@app.command()
def api(
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    host: Host = None,
    port: Port = None,
    token: Token = None,
    controller_port: ControllerPort = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Run the HTTP API alone. It needs the database and the data folder, and no Docker."""
    settings_from(locals())
    _become(supervise.COMMANDS["api"])


@app.command()
def controller(
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    port_range: PortRange = None,
    bind_host: BindHost = None,
    advertise_host: AdvertiseHost = None,
    controller_port: ControllerPort = None,
    log_level: LogLevel = None,
    log_format: LogFormat = None,
) -> None:
    """Run the controller alone. It needs the database, the data folder and a Docker Engine."""
    settings_from(locals())
    _become(supervise.COMMANDS["controller"])


@app.command()
def migrate(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Bring the database to this version's schema. Safe to run again, and while others run it."""
    _migrate(settings_from(locals()))
    typer.echo("The database has this version's schema.")


@app.command()
def plan(
    name: Annotated[str | None, typer.Argument(help="One playground; all when left out.")] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    controller_port: ControllerPort = None,
) -> None:
    """Show what the reconciler would do now, and do nothing (a dry run against the live engine)."""
    settings = settings_from(locals())
    try:
        for named in operator.plans(settings, name):
            typer.echo(f"{named.name}: {named.plan}")
    except (operator.OperatorError, EngineError, StoreError) as error:
        give_up(str(error), code=1)


@app.command()
def gc(
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    controller_port: ControllerPort = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would go, and why.")] = False,
) -> None:
    """Remove images, archives, logs and records that nobody needs any more. The controller does so by itself, too."""
    settings = settings_from({name: value for name, value in locals().items() if name != "dry_run"})
    try:
        lines, removed = operator.collect(settings, dry_run=dry_run)
    except (operator.OperatorError, EngineError, StoreError) as error:
        give_up(str(error), code=1)
    for line in lines:
        typer.echo(line)
    typer.echo(f"{len(lines)} steps planned, nothing done." if dry_run else f"{removed} things removed.")


def main() -> None:
    """The entry point."""
    app()


def _migrate(settings: Settings) -> None:
    try:
        store = Store.open(settings.resolved_database_url)
        try:
            store.migrate()
        finally:
            store.close()
    except StoreError as error:
        give_up(str(error), code=1)


def _become(command: list[str]) -> NoReturn:
    """Go on as that process: it gets the signals and gives the exit code, with nothing in between."""
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 (our own interpreter)
