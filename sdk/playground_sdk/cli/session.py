"""What a verb works with: the client for the server that was named, and the output.

The token of a server on this machine is read from its data folder; it is never sent to another machine.
"""

from collections.abc import Mapping
from pathlib import Path

import typer

from playground_sdk.cli.failures import UsageFailure
from playground_sdk.cli.options import Options
from playground_sdk.cli.output import Output
from playground_sdk.client import AgentClient
from playground_sdk.http import is_loopback

__all__ = ["Session", "find_token", "token_file"]


class Session:
    """One invocation: ``client`` and ``out``."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.out = Output(quiet=options.quiet)
        token = options.token or find_token(options.server, options.environ)
        try:
            self.client = AgentClient(options.server, token)
        except ValueError as exc:
            raise UsageFailure(f"--server: {exc}") from exc

    @classmethod
    def of(cls, ctx: typer.Context) -> "Session":
        """Make the session of a verb's context."""
        options = ctx.obj
        assert isinstance(options, Options)
        session = cls(options)
        ctx.call_on_close(session.client.close)
        return session


def token_file(environ: Mapping[str, str]) -> Path:
    """Where a server of this user, started with the same environment, keeps its token."""
    if data_dir := environ.get("PLAYGROUND_DATA_DIR"):
        return Path(data_dir).expanduser() / "token"
    data_home = environ.get("XDG_DATA_HOME")
    base = Path(data_home) if data_home else Path(environ.get("HOME") or Path.home()) / ".local" / "share"
    return base / "playground" / "token"


def find_token(server: str, environ: Mapping[str, str]) -> str | None:
    """The token of a server on this machine; None where there is none to be read, or the server is elsewhere."""
    if not is_loopback(server):
        return None
    try:
        return token_file(environ).read_text(encoding="utf-8").strip() or None
    except OSError:
        return None
