"""The verbs of ``playground config``: servers under names."""

from typing import Annotated

import typer

from playground_sdk.cli.contexts import Context, Contexts, config_file, load_contexts, save_contexts
from playground_sdk.cli.failures import UsageFailure
from playground_sdk.cli.output import Output
from playground_sdk.cli.session import options_of
from playground_sdk.http import checked_address

__all__ = ["config", "delete_context", "list_contexts", "set_context", "use_context"]

config = typer.Typer(
    help="Name servers and choose which one is spoken to.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)
_NAME = typer.Argument(metavar="NAME", help="The context's name.", show_default=False)


@config.command("set")
def set_context(
    ctx: typer.Context,
    name: Annotated[str, _NAME],
    *,
    address: Annotated[str | None, typer.Option("--url", metavar="URL", help="The server's address.")] = None,
) -> None:
    """Make or change a context, from --server (or --url) and --token.

    The token is kept in a file that only you can read. The first context is the one in use.
    """
    options = options_of(ctx)
    contexts = load_contexts(options.environ)
    before = contexts.known.get(name)
    server = address or options.server or (before.server if before else None)
    if not name.strip() or not server:
        raise UsageFailure("A context needs a name and an address: playground config set NAME --server URL")
    try:
        checked_address(server)
    except ValueError as exc:
        raise UsageFailure(str(exc)) from exc
    same_server = before is not None and before.server == server
    token = options.token or (before.token if before is not None and same_server else None)
    known = {**contexts.known, name: Context(server, token)}
    save_contexts(Contexts(contexts.current or name, known), options.environ)
    Output(quiet=options.quiet).line(f"context {name} {'configured' if before else 'created'}")


@config.command("use")
def use_context(ctx: typer.Context, name: Annotated[str, _NAME]) -> None:
    """Choose the context that is spoken to."""
    options = options_of(ctx)
    contexts = load_contexts(options.environ)
    found = contexts.find(name)
    save_contexts(Contexts(name, contexts.known), options.environ)
    Output(quiet=options.quiet).line(f"context {name} in use: {found.server}")


@config.command("list")
def list_contexts(ctx: typer.Context) -> None:
    """List the contexts; tokens are not shown."""
    options = options_of(ctx)
    contexts = load_contexts(options.environ)
    out = Output(quiet=options.quiet)
    rows = [
        ["*" if name == contexts.current else "", name, one.server, "yes" if one.token else "-"]
        for name, one in sorted(contexts.known.items())
    ]
    if rows:
        out.table(["CURRENT", "NAME", "SERVER", "TOKEN"], rows)
    else:
        out.note(f"No contexts yet (in {config_file(options.environ)}); playground config set NAME --server URL")


@config.command("delete")
def delete_context(ctx: typer.Context, name: Annotated[str, _NAME]) -> None:
    """Forget a context and its token."""
    options = options_of(ctx)
    contexts = load_contexts(options.environ)
    contexts.find(name)
    known = {key: one for key, one in contexts.known.items() if key != name}
    save_contexts(Contexts("" if contexts.current == name else contexts.current, known), options.environ)
    Output(quiet=options.quiet).line(f"context {name} deleted")
