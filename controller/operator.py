"""What the operator asks of a controller from the shell: the plan, and garbage collection.

The controller that runs is asked by its private port, since only it knows its builds. When none answers, this process
looks for itself: a plan needs no lease, and collecting takes the lease that nobody holds.
"""

import http.client
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from api.local_files import ensure_controller_token
from api.settings import Settings
from api.store import Store
from controller.wiring import wire

TIMEOUT = 60.0


class OperatorError(Exception):
    """It could not be done; the text says why."""


@dataclass(frozen=True, slots=True)
class NamedPlan:
    """A playground's name and what a pass would do for it."""

    name: str
    plan: str


def plans(settings: Settings, name: str | None) -> Iterable[NamedPlan]:
    """What a pass would do now, for one playground or for all.

    Raises:
        OperatorError: no such playground, or the controller cannot look.
        StoreError: when the database does not answer.
    """
    store = Store.open(settings.resolved_database_url)
    try:
        store.check_schema()
        named = [store.playgrounds.get(name)] if name else [state.playground for state in store.work.load_all()]
    finally:
        store.close()
    if named == [None]:
        raise OperatorError(f"There is no playground {name!r}. `playground list` shows what there is.")
    for playground in named:
        if playground is not None:
            yield NamedPlan(playground.metadata.name, _plan(settings, playground.metadata.uid))


def collect(settings: Settings, *, dry_run: bool) -> tuple[list[str], int]:
    """The collector's plan, and how many things it removed (0 for a dry run).

    Raises:
        OperatorError: it cannot look, or another controller leads.
        EngineError: when no controller runs and the engine does not answer.
        StoreError: when the database does not answer.
    """
    answer = _ask(settings, "POST", f"/gc?dry_run={int(dry_run)}")
    if answer is not None:
        return list(answer["plan"]), int(answer["removed"])
    controller = wire(settings)
    try:
        plan = [str(collection) for collection in controller.loop.collector.plan()]
        if dry_run:
            return plan, 0
        controller.loop.leader.attempt()
        claim = controller.loop.leader.claim()
        if claim is None:
            raise OperatorError("A controller elsewhere holds the lease: collect there.")
        try:
            return plan, controller.loop.collector.run(claim)
        finally:
            controller.loop.leader.resign()
    finally:
        controller.builds.close()
        controller.store.close()


def _plan(settings: Settings, uid: str) -> str:
    answer = _ask(settings, "GET", f"/plan/{uid}")
    if answer is not None:
        return str(answer["plan"])
    controller = wire(settings)
    try:
        decided = controller.reconciler.dry_run(uid)
        return str(decided) if decided else "Gone"
    finally:
        controller.builds.close()
        controller.store.close()


def _ask(settings: Settings, method: str, target: str) -> dict[str, Any] | None:
    """The private port's answer; None when no controller listens there. Raises OperatorError for a refusal."""
    connection = http.client.HTTPConnection("127.0.0.1", settings.controller_port, timeout=TIMEOUT)
    headers = {"Authorization": f"Bearer {ensure_controller_token(settings)}"}
    try:
        connection.request(method, target, headers=headers)
        response = connection.getresponse()
        body: dict[str, Any] = orjson.loads(response.read())
    except ConnectionRefusedError:
        return None
    except (OSError, http.client.HTTPException, orjson.JSONDecodeError) as error:
        port = settings.controller_port
        raise OperatorError(f"What listens on port {port} does not answer as a controller does: {error!r}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise OperatorError(str(body.get("detail", response.status)))
    return body
