"""What a verb works with: the client for the server that was named, and the output.

The token of a server on this machine is read from its data folder; it is never sent to another machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import typer

from playground_sdk._clock import SystemClock
from playground_sdk.cli.contexts import load_contexts
from playground_sdk.cli.failures import UsageFailure
from playground_sdk.cli.options import Options
from playground_sdk.cli.output import Output
from playground_sdk.client import AgentClient
from playground_sdk.errors import NotFoundError
from playground_sdk.http import is_loopback
from playground_sdk.objects import Playground

__all__ = ["DEFAULT_SERVER", "Endpoint", "Session", "endpoint_of", "find_token", "options_of", "token_file"]

_SHORTEST_ID = 12
DEFAULT_SERVER = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The server that is spoken to, its token, and for people how both were found."""

    server: str
    server_from: str
    token: str | None = field(repr=False)
    token_from: str


class Session:
    """One invocation: ``client``, ``out``, ``clock``."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.out = Output(quiet=options.quiet)
        self.clock = SystemClock()
        self.endpoint = endpoint_of(options)
        try:
            self.client = AgentClient(self.endpoint.server, self.endpoint.token)
        except ValueError as exc:
            raise UsageFailure(f"--server: {exc}") from exc

    @classmethod
    def of(cls, ctx: typer.Context) -> "Session":
        """Make the session of a verb's context."""
        session = cls(options_of(ctx))
        ctx.call_on_close(session.client.close)
        return session

    def playground(self, lookup: str) -> Playground:
        """One playground, by its name; or by its number or its container's id.

        Raises:
            NotFoundError: there is none.
        """
        try:
            return self.client.playgrounds.get(lookup)
        except NotFoundError:
            if not _may_be_an_id(lookup):
                raise
            name = self.client.get_container(lookup).get("name")
            if not name or name == lookup:
                raise
            return self.client.playgrounds.get(name)

    def name_of(self, lookup: str) -> str:
        """The name behind a name, a number or a container's id; of what is gone the name alone still says something."""
        if not _may_be_an_id(lookup):
            return lookup
        try:
            return self.playground(lookup)["metadata"]["name"]
        except NotFoundError:
            return lookup


def _may_be_an_id(lookup: str) -> bool:
    """Whether it could be a record's number, or (the beginning of) a container's id."""
    return lookup.isdigit() or (len(lookup) >= _SHORTEST_ID and set(lookup.lower()) <= set("0123456789abcdef"))


def options_of(ctx: typer.Context) -> Options:
    """The global options of a verb's context."""
    options = ctx.obj
    assert isinstance(options, Options)
    return options


def endpoint_of(options: Options) -> Endpoint:
    """Find the server and its token: a flag or the environment, else the context, else this machine.

    A context's token belongs to its server, and goes to no other.

    Raises:
        UsageFailure: the context that was named is unknown, or the config file can't be read.
    """
    contexts = load_contexts(options.environ)
    name = options.context or contexts.current
    context = contexts.find(name) if name else None
    server, server_from = DEFAULT_SERVER, "the default"
    if options.server:
        server, server_from = options.server, "--server or PLAYGROUND_SERVER"
    elif context is not None:
        server, server_from = context.server, f"the context {name}"
    if options.token:
        return Endpoint(server, server_from, options.token, "--token or PLAYGROUND_TOKEN")
    if context is not None and context.token and context.server.rstrip("/") == server.rstrip("/"):
        return Endpoint(server, server_from, context.token, f"the context {name}")
    if token := find_token(server, options.environ):
        return Endpoint(server, server_from, token, str(token_file(options.environ)))
    return Endpoint(server, server_from, None, "nowhere")


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
