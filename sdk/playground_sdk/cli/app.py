"""The root of the command line: global options, the lazy table of verbs, and one place where failures end.

Nothing here imports requests or rich: ``playground --help`` answers in well under 0.3 s.
"""

import logging
import os
import sys
from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Annotated, Any

import typer
from typer._completion_classes import completion_init
from typer.core import TyperGroup
from typer.main import get_command

from playground_sdk.cli.failures import explain
from playground_sdk.cli.options import Options
from playground_sdk.cli.verbs import VERBS, Verb

__all__ = ["app", "hoisted", "run"]

_GLOBAL_WITH_VALUE = frozenset({"--server", "--token", "--context"})
_GLOBAL_FLAGS = frozenset({"-q", "--quiet", "-v", "--verbose"})


class _LazyVerbs(MutableMapping[str, Any]):
    """The verbs by name; looking one up imports its module and builds its command."""

    def __init__(self, verbs: tuple[Verb, ...]) -> None:
        self._verbs = {verb.name: verb for verb in verbs}
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            verb = self._verbs[name]
            module, _, function = verb.target.partition(":")
            found = getattr(import_module(f"playground_sdk.cli.{module}"), function)
            if not isinstance(found, typer.Typer):
                single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
                epilog = "Global options (--server, --token, --context, -q, -v) work here too: see playground --help."
                single.command(name, epilog=epilog)(found)
                found = single
            self._built[name] = get_command(found)
        return self._built[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._built[name] = command

    def __delitem__(self, name: str) -> None:
        del self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._verbs)

    def __len__(self) -> int:
        return len(self._verbs)


class _Root(TyperGroup):
    """The group of all verbs. (``ctx`` is click's Context, which typer carries along under a private name.)"""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        completion_init()  # what typer does only for programs that install their completion themselves
        self.commands = _LazyVerbs(VERBS)

    def list_commands(self, _ctx: Any) -> list[str]:
        """Name the verbs in the table's order, without importing them."""
        return [verb.name for verb in VERBS]

    def format_commands(self, _ctx: Any, formatter: Any) -> None:
        """Write the verbs' lines, group by group."""
        for group in dict.fromkeys(verb.group for verb in VERBS):
            with formatter.section(group):
                formatter.write_dl([(verb.name.ljust(10), verb.summary) for verb in VERBS if verb.group == group])

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse with the global options moved to the front, wherever they stood."""
        return super().parse_args(ctx, hoisted(args))

    def invoke(self, ctx: Any) -> Any:
        """Run a verb, and turn what it raises into a sentence on stderr and an exit code."""
        try:
            return super().invoke(ctx)
        except (Exception, KeyboardInterrupt) as exc:
            failure = explain(exc)
            if failure is None:
                raise
            if failure.text:
                sys.stdout.flush()
                typer.echo(failure.text, err=True)
            raise typer.Exit(failure.exit_code) from exc


def hoisted(args: list[str]) -> list[str]:
    """Move the global options to the front, so that they may stand after the verb as well.

    What follows ``--`` stays as it is.
    """
    front: list[str] = []
    rest: list[str] = []
    left = iter(args)
    for arg in left:
        if arg == "--":
            rest.extend([arg, *left])
        elif arg in _GLOBAL_FLAGS or arg.partition("=")[0] in _GLOBAL_WITH_VALUE:
            front.append(arg)
            if arg in _GLOBAL_WITH_VALUE:
                front.extend([value] if (value := next(left, None)) is not None else [])
        else:
            rest.append(arg)
    return front + rest


app = typer.Typer(
    cls=_Root,
    add_completion=False,  # `playground completion SHELL` prints the script; nothing is written for the user
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog="Exit codes: 0 ok, 1 failed or differs, 2 usage, 3 not found, 4 conflict, 5 auth, 124 time-out, "
    "130 interrupted.",
)


@app.callback()
def _root(
    ctx: typer.Context,
    *,
    server: Annotated[
        str | None,
        typer.Option(
            "--server",
            envvar="PLAYGROUND_SERVER",
            help="The server's address; else the context's, else http://127.0.0.1:8000.",
            metavar="URL",
        ),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            envvar="PLAYGROUND_TOKEN",
            metavar="TOKEN",
            help="The server's token; for a server on this machine it is found by itself.",
        ),
    ] = None,
    context: Annotated[
        str | None,
        typer.Option(
            "--context", envvar="PLAYGROUND_CONTEXT", metavar="NAME", help="A server named with playground config."
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print results only, no progress and no hints.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log each request to stderr.")] = False,
) -> None:
    """Run Gradio playgrounds from plugins: describe them in manifests and apply these, look at them, delete them."""
    if verbose:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
        logger = logging.getLogger("playground_sdk")
        logger.handlers = [handler]
        logger.setLevel(logging.DEBUG)
    ctx.obj = Options(server=server, token=token, context=context, quiet=quiet, environ=dict(os.environ))


def run() -> None:
    """Run the command line with the process's arguments, and end the process."""
    app(prog_name="playground")
