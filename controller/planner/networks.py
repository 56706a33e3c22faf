"""Which bridge a playground is on: pure, and the same whenever it is asked.

A host port is one playground's alone, so a block of ports as large as a bridge's capacity fills one bridge at most: the
port decides, nobody has to count, and two creates at once cannot overfill a bridge. A playground's older container,
kept until the newer one serves, has the same port and is stopped by then.
"""

from controller.planner.policy import Policy

_ELSEWHERE = 1000
"""Where the numbers of bridges begin whose ports are from an earlier range."""


def network_name(policy: Policy, host_port: int, *, egress: bool) -> str:
    """`playground-<controller id>-<number>`, and `…-closed` without a way out. Numbers begin at 1."""
    if host_port in policy.ports:
        number = 1 + (host_port - policy.ports.start) // policy.network_capacity
    else:
        number = _ELSEWHERE + host_port // policy.network_capacity
    return f"playground-{policy.controller_id}-{number}{'' if egress else '-closed'}"
