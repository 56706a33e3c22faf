"""`playground-server token` and `secret`: what the operator gives out, and what nobody is shown."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from api.clock import SystemClock, new_token
from api.resources.secret import NAME_PATTERN as SECRET_NAME
from api.resources.secret import set_problem, value_problem
from api.resources.token import ADMIN, NAME_PATTERN, Scope, token_digest
from api.resources.value import timestamp
from api.store import Store, StoreError
from controller.cli_common import DatabaseUrl, DataDir, give_up, settings_from

PREFIX = "pgt_"
"""What a token begins with, so that those who look for secrets in the open recognise one."""

token = typer.Typer(help="Tokens for clients: what each is good for, made, listed, revoked.", no_args_is_help=True)
secret = typer.Typer(help="Values that containers get and nobody is shown.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Lower-case letters, digits, '.' and '-'.")]
SecretName = Annotated[str, typer.Argument(help="Letters, digits, '.', '_' and '-'.")]


@token.command("create")
def create_token(
    name: Name,
    scope: Annotated[Scope, typer.Option(help="read; write (read too); or admin (everything).")] = Scope.WRITE,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make a token and print it, this once: only its digest is kept."""
    if not re.fullmatch(NAME_PATTERN, name) or name == ADMIN:
        give_up(
            f"{name!r} cannot be a token's name: use lower-case letters, digits, '.' and '-', not '{ADMIN}'.", code=2
        )
    made = PREFIX + new_token()
    with _store(data_dir, database_url) as store:
        store.tokens.create(name, token_digest(made), scope, now=SystemClock().now())
    typer.echo(made)


@token.command("list")
def list_tokens(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Show the tokens by name; never the tokens themselves."""
    with _store(data_dir, database_url) as store:
        found = store.tokens.list()
    row = "{:<24} {:<6} {:<25} {:<25} {}"
    typer.echo(row.format("NAME", "SCOPE", "CREATED", "LAST USED", "REVOKED"))
    for each in found:
        times = [timestamp(at) or "-" for at in (each.created_at, each.last_used_at, each.revoked_at)]
        typer.echo(row.format(each.name, each.scope, *times))


@token.command("revoke")
def revoke_token(name: Name, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Let a token be good for nothing, within seconds. Its playgrounds stay."""
    with _store(data_dir, database_url) as store:
        revoked = store.tokens.revoke(name, now=SystemClock().now())
    if not revoked:
        give_up(f"There is no living token named {name!r}: `playground-server token list` shows them.", code=1)
    typer.echo(f"The token {name!r} is revoked.")


@secret.command("set")
def set_secret(
    name: SecretName,
    *,
    env_file: Annotated[
        bool, typer.Option("--env-file", help="It is a set of variables for envFrom: each line is checked.")
    ] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Read a value from standard input (a final newline is not part of it) and keep it under that name."""
    if not re.fullmatch(SECRET_NAME, name):
        give_up(f"{name!r} cannot be a secret's name: use letters, digits, '.', '_' and '-', at most 63.", code=2)
    value = sys.stdin.read().removesuffix("\n")
    problem = value_problem(value)
    if problem is not None:
        give_up(problem, code=2)
    unusable = set_problem(value) if env_file else None
    if unusable is not None:
        give_up(f"This is no set of variables, one NAME=value a line: {unusable}. Nothing was changed.", code=2)
    with _store(data_dir, database_url) as store:
        affected = store.secrets.set(name, value, now=SystemClock().now())
    typer.echo(f"The secret {name!r} is set; playgrounds that use it and are made anew: {affected}.")


@secret.command("list")
def list_secrets(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Show the secrets by name; never their values."""
    with _store(data_dir, database_url) as store:
        found = store.secrets.names()
    typer.echo(f"{'NAME':<24} SET")
    for name, at in found:
        typer.echo(f"{name:<24} {timestamp(at)}")


@secret.command("delete")
def delete_secret(name: SecretName, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Forget a secret. A playground that refers to it is not started again until it is there."""
    with _store(data_dir, database_url) as store:
        gone = store.secrets.delete(name)
    if not gone:
        give_up(f"There is no secret named {name!r}: `playground-server secret list` shows them.", code=1)
    typer.echo(f"The secret {name!r} is deleted.")


@contextmanager
def _store(data_dir: object, database_url: object) -> Iterator[Store]:
    """The records, with this version's tables; what goes wrong is said in a sentence."""
    settings = settings_from({"data_dir": data_dir, "database_url": database_url})
    try:
        store = Store.open(settings.resolved_database_url)
        try:
            store.migrate()
            yield store
        finally:
            store.close()
    except StoreError as error:
        give_up(str(error), code=1)
