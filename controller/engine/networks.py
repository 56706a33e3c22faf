"""The bridges of playgrounds: made when needed, adopted when they are ours already, removed when nobody is on them.

A container never shares a bridge with the engine's other containers, and on its own bridge it reaches no other one
(`enable_icc=false`). On a closed bridge nothing it sends outward is masqueraded, so no answer finds its way back;
published ports serve all the same. The bridge's interface has a name of ours, which the host's firewall rules go by.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from controller.domain.garbage import ListedNetwork
from controller.engine.connect import EngineClient
from controller.engine.errors import EngineRefused, NameConflict, NetworkGone, NotFound
from controller.engine.inspected import seconds
from controller.engine.lately import Lately
from controller.engine.translate import translated

LABEL_CONTROLLER = "playground.controller"
CLOSED = "-closed"
_BRIDGE = "com.docker.network.bridge"


def interface_prefix(controller_id: str) -> str:
    """What the names of a controller's bridge interfaces begin with; one has at most 15 characters."""
    return f"pg{hashlib.sha256(controller_id.encode()).hexdigest()[:6]}"


def interface_name(controller_id: str, network: str) -> str:
    """The bridge interface of a network: the prefix, `o` (open) or `c` (closed), and the network's number."""
    kind = "c" if network.endswith(CLOSED) else "o"
    return f"{interface_prefix(controller_id)}{kind}{network.removesuffix(CLOSED).rpartition('-')[2]}"


class Networks:
    """The bridges of one controller. `lock` keeps a network there between looking at it and joining it."""

    def __init__(self, controller_id: str) -> None:
        self._controller_id = controller_id
        self.lock = threading.Lock()
        self._lately = Lately()

    def ensure(self, api: EngineClient, name: str) -> None:
        """Have it there, or know that it was a moment ago; call with the lock held.

        To look at a network takes the engine the longer the more containers are on it. Raises NameConflict when a
        stranger's network has the name.
        """
        if name in self._lately:
            return
        try:
            self._check(api, name)
        except NotFound:
            with suppress(NameConflict):  # somebody was faster: it is looked at like any other
                self._create(api, name)
            self._check(api, name)
        self._lately.saw(name)

    @contextmanager
    def needed(self) -> Iterator[None]:
        """Around what fails when a network is gone."""
        try:
            yield
        except NetworkGone:
            self._lately.forget()
            raise

    def listing(self, api: EngineClient) -> tuple[ListedNetwork, ...]:
        """All with our controller's label, and whether any container, running or not, is to be on them."""
        with translated("list networks"):
            rows = api.networks(filters={"label": [f"{LABEL_CONTROLLER}={self._controller_id}"]})
        return tuple(
            ListedNetwork(row["Name"], seconds(row["Created"]) or 0.0, in_use=_is_used(api, row["Name"]))
            for row in rows
        )

    def remove(self, api: EngineClient, name: str) -> None:
        """Remove one that no container is to be on; success when it is gone. Raises EngineRefused, NameConflict."""
        with self.lock, suppress(NotFound):
            self._lately.forget()
            self._check(api, name)
            if _is_used(api, name):
                raise EngineRefused(f"The network {name} is in use.")
            with translated(f"remove network {name}"):
                api.remove_network(name)

    def _check(self, api: EngineClient, name: str) -> None:
        with translated(f"inspect network {name}"):
            found: dict[str, Any] = api.inspect_network(name)
        if (found["Labels"] or {}).get(LABEL_CONTROLLER) != self._controller_id:
            raise NameConflict(
                f"A network that is not ours has the name {name}. It is left alone: rename or remove it."
            )

    def _create(self, api: EngineClient, name: str) -> None:
        closed = name.endswith(CLOSED)
        options = {
            f"{_BRIDGE}.name": interface_name(self._controller_id, name),
            f"{_BRIDGE}.enable_icc": "false",
            f"{_BRIDGE}.enable_ip_masquerade": "false" if closed else "true",
        }
        with translated(f"create network {name}"):
            api.create_network(
                name,
                driver="bridge",
                options=options,
                labels={LABEL_CONTROLLER: self._controller_id},
                check_duplicate=True,
            )


def _is_used(api: EngineClient, name: str) -> bool:
    """Whether a container of anybody is on it, or would be once started: the engine itself asks for the former only."""
    with translated("list containers"):
        return bool(api.containers(all=True, limit=1, filters={"network": name}))
