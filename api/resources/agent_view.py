"""A playground as the platform's clients read it: the container dict of the Agent contract.

The API answers with it, and the controller stores it as a completed build's result: one function, so the two agree.
"""

from pydantic import JsonValue

from api.resources.conditions import ConditionStatus, ConditionType, find
from api.resources.phase import Phase, health_of, phase
from api.resources.playground import Playground, labels_to_list
from api.resources.value import timestamp


def container_view(playground: Playground, *, restarted: bool = False) -> dict[str, JsonValue]:
    """The container dict: a list's item.

    `id` is the Docker container's id once there is one, else the playground's uid; both look the playground up.
    `endpoint` is there while a container runs; `image` and `name` as far as they are known.
    """
    status, metadata, spec = playground.status, playground.metadata, playground.spec
    word = phase(playground)
    view: dict[str, JsonValue] = {
        "id": status.container_id or metadata.uid,
        "record_id": metadata.id,
        "uid": metadata.uid,
        "name": metadata.name,
        "status": word,
        "health": health_of(word),
        "image": status.image or spec.image,
        "endpoint": status.endpoint,
        "kind": spec.kind,
        "plugin_release": spec.plugin_release,
        "model": spec.model,
        "host_port": playground.host_port,
        "labels": list(labels_to_list(metadata.labels)),
        "metadata": dict(metadata.annotations),
        "message": _message(playground, word),
        "restarts": status.restarts,
        "created_at": timestamp(metadata.created_at),
        "updated_at": timestamp(metadata.updated_at),
    }
    if metadata.backend_container_id is not None:
        view["backend_container_id"] = metadata.backend_container_id
    if restarted:
        view["restarted"] = True
    return view


def container_detail(playground: Playground) -> dict[str, JsonValue]:
    """The container dict with all that is known: `attrs`, conditions, the last failure and the next attempt.

    Never the values of the environment: they may be secrets.
    """
    status, spec = playground.status, playground.spec
    failure = status.last_failure
    conditions: list[JsonValue] = [
        {
            "type": condition.type,
            "status": condition.status,
            "reason": condition.reason,
            "message": condition.message,
            "observed_generation": condition.observed_generation,
            "last_transition_time": timestamp(condition.last_transition_time),
        }
        for condition in status.conditions
    ]
    env_names: list[JsonValue] = [*sorted(spec.envs)]
    attrs: dict[str, JsonValue] = {
        "Id": status.container_id,
        "Name": status.container_name,
        "Config": {"Image": status.image, "EnvNames": env_names},
        "RestartCount": status.restarts,
        "HostPort": playground.host_port,
        "Digest": spec.plugin.digest if spec.plugin else None,
    }
    return container_view(playground) | {
        "generation": playground.metadata.generation,
        "created_by": playground.metadata.created_by,
        "observed_generation": status.observed_generation,
        "params": dict(spec.params),
        "conditions": conditions,
        "last_error": failure.message if failure else None,
        "last_exit_code": failure.exit_code if failure else None,
        "oom_killed": failure.oom_killed if failure else False,
        "last_log_lines": list(failure.log_tail) if failure else [],
        "next_attempt_at": timestamp(status.next_attempt_at),
        "attrs": attrs,
    }


def message(playground: Playground) -> str:
    """One sentence on where it stands: what it waits for, or why it failed."""
    return _message(playground, phase(playground))


def _message(playground: Playground, word: Phase) -> str:
    if word is Phase.DELETING:
        return "Waiting for the container to be gone."
    ready = find(playground.status.conditions, ConditionType.READY)
    if word is Phase.REQUESTED and (ready is None or ready.observed_generation < playground.metadata.generation):
        return "Waiting for the controller to see the request."
    if ready is None:
        return ""
    return ready.message if ready.status is not ConditionStatus.TRUE or ready.message else "Serving."
