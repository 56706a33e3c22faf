"""The operator's commands about the machine: what is not as it should be, and the host's firewall rules."""

from typing import Annotated

import typer

from api.local_files import ensure_controller_id
from controller import doctor as machine
from controller import firewall as rules
from controller.cli_common import DatabaseUrl, DataDir, PortRange, give_up, settings_from


def doctor(
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    port_range: PortRange = None,
    api_user: Annotated[
        str | None, typer.Option(help="Whom the API runs as, to see that it may not use the engine.")
    ] = None,
) -> None:
    """Look at everything that has to be so on this machine. Exit code 1 when something will not work."""
    settings = settings_from({"data_dir": data_dir, "database_url": database_url, "port_range": port_range})
    seen = list(machine.findings(settings, api_user))
    for finding in seen:
        typer.echo(str(finding))
    if any(finding.level is machine.Level.PROBLEM for finding in seen):
        raise typer.Exit(1)


def firewall(
    data_dir: DataDir = None,
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Load the rules with nft, as root.")] = False,
) -> None:
    """Print the nftables rules that keep playgrounds off this host and off link-local addresses."""
    controller_id = ensure_controller_id(settings_from({"data_dir": data_dir}))
    text = rules.rules(controller_id)
    if not apply:
        typer.echo(text, nl=False)
        return
    try:
        rules.load(text)
    except rules.FirewallError as error:
        give_up(str(error), code=1)
    typer.echo(f"The rules are in force, in the table inet {rules.table_name(controller_id)}. Load them at each boot.")
