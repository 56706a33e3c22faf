"""The host's part of the box: nftables rules for the bridges of playgrounds, generated and looked up again.

The engine keeps playgrounds from each other; it does not keep them from the host they run on, nor from link-local
addresses, where clouds answer with credentials. The rules go by our bridges' names, so they hold for bridges to come,
and stand in a table of their own: nothing of the engine's or of anybody else is touched, and removing the table undoes
them all.
"""

import os
import subprocess
from enum import StrEnum

from controller.engine.networks import interface_prefix

NFT_LIMIT_S = 10.0


class FirewallError(Exception):
    """The rules could not be loaded; the text says why, and what to do."""


class InForce(StrEnum):
    """What looking them up came to."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def table_name(controller_id: str) -> str:
    """The name of the table, in the family `inet`."""
    return f"playground_{interface_prefix(controller_id)}"


def rules(controller_id: str) -> str:
    """The rules as `nft -f` reads them; loading them again replaces them as one step."""
    table, prefix = f"inet {table_name(controller_id)}", interface_prefix(controller_id)
    return f"""\
# Playgrounds of controller {controller_id}: bridges {prefix}o* (with a way out) and {prefix}c* (closed).
table {table}
delete table {table}
table {table} {{
    chain to_host {{
        type filter hook input priority filter - 10; policy accept;
        iifname "{prefix}*" ct state established,related accept comment "answers to the host's own connections"
        iifname "{prefix}*" drop comment "no service of the host, the engine's and ours included"
    }}
    chain through_host {{
        type filter hook forward priority filter - 10; policy accept;
        iifname "{prefix}*" ip daddr 169.254.0.0/16 drop comment "link-local: a cloud's metadata"
        iifname "{prefix}*" ip6 daddr fe80::/10 drop
        iifname "{prefix}*" ct state established,related accept
        iifname "{prefix}*" oifname "{prefix}*" drop comment "playground to playground, across bridges too"
        iifname "{prefix}c*" drop comment "closed: nothing that it begins"
    }}
}}
"""


def load(text: str) -> None:
    """Load rules with nft. Raises FirewallError when this user may not, there is no nft, or nft refuses."""
    if os.geteuid() != 0:
        raise FirewallError(
            "Only root can load firewall rules: run it with sudo, or pipe the rules into `sudo nft -f -`."
        )
    done = _nft("-f", "-", text=text)
    if done.returncode != 0:
        raise FirewallError(f"nft refused the rules: {done.stderr.strip()}")


def in_force(controller_id: str) -> InForce:
    """Whether the rules are loaded, as far as this user may see: listing needs root."""
    try:
        done = _nft("list", "table", "inet", table_name(controller_id))
    except FirewallError:
        return InForce.UNKNOWN
    if done.returncode != 0:
        return InForce.NO if "No such file" in done.stderr else InForce.UNKNOWN
    wanted = [line.split(" comment ")[0].strip() for line in rules(controller_id).splitlines() if "iifname" in line]
    return InForce.YES if all(line in done.stdout for line in wanted) else InForce.NO


def _nft(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["nft", *arguments], input=text, capture_output=True, text=True, timeout=NFT_LIMIT_S, check=False
        )
    except FileNotFoundError as error:
        raise FirewallError("There is no nft here: install nftables (apt-get install nftables).") from error
    except subprocess.TimeoutExpired as error:
        raise FirewallError(f"nft did not end within {NFT_LIMIT_S:g} s.") from error
