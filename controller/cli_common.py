"""What the operator's commands share: options, settings from flags, and giving up with a sentence."""

import os
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

from api.settings import Settings

DataDir = Annotated[Path | None, typer.Option(help="Where database, archives, logs and token lie.")]
DatabaseUrl = Annotated[str | None, typer.Option(help="SQLite or PostgreSQL. Default: SQLite in the data folder.")]
Host = Annotated[str | None, typer.Option(help="The address the API listens on. Default: 127.0.0.1.")]
Port = Annotated[int | None, typer.Option(help="The API's port. Default: 8000.")]
Token = Annotated[str | None, typer.Option(help="The clients' token. Better by PLAYGROUND_TOKEN: others see flags.")]
PortRange = Annotated[str | None, typer.Option(help="Host ports for playgrounds. Default: 7860-8860.")]
BindHost = Annotated[str | None, typer.Option(help="The address playgrounds' ports are published on.")]
AdvertiseHost = Annotated[str | None, typer.Option(help="The host name in endpoints.")]
ControllerPort = Annotated[int | None, typer.Option(help="The controller's private port. Default: 8001.")]
LogLevel = Annotated[str | None, typer.Option(help="debug, info, warning or error.")]
LogFormat = Annotated[str | None, typer.Option(help="json, console, or auto: console on a terminal.")]


def settings_from(flags: dict[str, object]) -> Settings:
    """The settings with the given flags over them, and the flags in the environment for the processes to come."""
    for name, value in flags.items():
        if value is not None:
            os.environ[f"PLAYGROUND_{name.upper()}"] = str(value)
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors(include_url=False)]
        give_up("These settings are not right:\n  " + "\n  ".join(lines), code=2)
    except (SettingsError, OSError, ValueError) as error:  # a file that is not there, not readable, or not TOML
        give_up(f"The settings cannot be read: {error}", code=2)


def give_up(text: str, *, code: int) -> NoReturn:
    """Say why on standard error, and end with that exit code."""
    typer.echo(text, err=True)
    raise typer.Exit(code)
