"""From a playground's wire form to what the store records, and back. Pure; the two are inverses of each other."""

from dataclasses import replace

from pydantic import JsonValue

from api.resources.conditions import Condition
from api.resources.identity import Kind
from api.resources.manifest import API_VERSION, KIND, PlaygroundManifest, ReadinessManifest, ResourcesManifest
from api.resources.phase import phase
from api.resources.playground import (
    GRADIO_PORT,
    DesiredRunState,
    Failure,
    Playground,
    PlaygroundSpec,
    PlaygroundStatus,
    PluginSource,
    Readiness,
    Resources,
    RestartPolicy,
    SecretSet,
)
from api.resources.quantities import (
    format_bytes,
    format_cpu,
    format_duration,
    parse_bytes,
    parse_cpu,
    parse_duration,
)
from api.resources.value import timestamp
from api.resources.wanted import WantedPlayground

Json = dict[str, JsonValue]
_IMAGE_PREFIX = "image/"


def image_release(name: str) -> str:
    """What stands for the release of a playground that runs an image and names none: it has no other of its kind."""
    return f"{_IMAGE_PREFIX}{name}"


def wanted_of(manifest: PlaygroundManifest, release: str, source: PluginSource | None) -> WantedPlayground:
    """What the store is asked for; labels and annotations that are not there are none.

    Args:
        manifest: the document.
        release: `code@version`, or what stands for it.
        source: the plugin's content as it was resolved; None for an image.
    """
    spec, port = manifest.spec, manifest.spec.port
    return WantedPlayground(
        name=manifest.metadata.name,
        labels=manifest.metadata.labels or {},
        annotations=manifest.metadata.annotations or {},
        spec=PlaygroundSpec(
            kind=Kind(spec.kind or Kind.PLUGIN_RUNTIME),
            plugin_release=release,
            model=spec.model,
            plugin=source,
            image=spec.plugin.image,
            pinned=spec.plugin.archive is not None,
            container_port=(port.container if port else None) or GRADIO_PORT,
            wanted_port=port.host if port else None,
            params=spec.params or {},
            envs={variable.name: variable.value for variable in spec.env or () if variable.value is not None},
            secret_envs={v.name: v.secret_ref for v in spec.env or () if v.secret_ref is not None},
            secret_sets=tuple(SecretSet(secret=s.secret_ref, prefix=s.prefix or "") for s in spec.env_from or ()),
            hidden_envs=tuple(sorted(v.name for v in spec.env or () if v.secret)),
            state=DesiredRunState(spec.state or DesiredRunState.RUNNING),
            restart_policy=RestartPolicy(spec.restart_policy or RestartPolicy.ALWAYS),
            readiness=_readiness(spec.readiness),
            resources=_resources(spec.resources),
            ttl=parse_duration(spec.ttl) if spec.ttl else None,
            egress=spec.egress is not False,
        ),
    )


def named_only(manifest: PlaygroundManifest) -> tuple[str, ...]:
    """The variables that shall keep the values that they have."""
    return tuple(v.name for v in manifest.spec.env or () if v.value is None and v.secret_ref is None)


def keeping(wanted: WantedPlayground, names: tuple[str, ...], before: PlaygroundSpec) -> WantedPlayground:
    """The same with those variables as they are recorded, and as hidden. Raises KeyError for one that is not there."""
    kept = {name: before.envs[name] for name in names}
    update = {
        "envs": {**wanted.spec.envs, **kept},
        "hidden_envs": tuple(sorted({*wanted.spec.hidden_envs, *(kept.keys() & before.hidden_envs)})),
        "private_envs": bool(names) and before.private_envs,
    }
    return replace(wanted, spec=wanted.spec.model_copy(update=update))


def _readiness(given: ReadinessManifest | None) -> Readiness:
    wanted: dict[str, str | float] = {}
    if given is not None and given.path is not None:
        wanted["path"] = given.path
    if given is not None and given.timeout is not None:
        wanted["timeout"] = parse_duration(given.timeout)
    return Readiness.model_validate(wanted)


def _resources(given: ResourcesManifest | None) -> Resources:
    if given is None:
        return Resources()
    return Resources(
        cpu=parse_cpu(given.cpu) if given.cpu else None,
        memory=parse_bytes(given.memory) if given.memory else None,
        gpu=given.gpu or 0,
        shm=parse_bytes(given.shm) if given.shm else None,
    )


def manifest_view(playground: Playground) -> Json:
    """The wire form of a playground, whole."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": _metadata_view(playground),
        "spec": spec_view(playground.spec),
        "status": _status_view(playground),
    }


def _metadata_view(playground: Playground) -> Json:
    metadata = playground.metadata
    view: Json = {"name": metadata.name, "uid": metadata.uid}
    if metadata.labels:
        view["labels"] = dict(metadata.labels)
    if metadata.annotations:
        view["annotations"] = dict(metadata.annotations)
    view |= {
        "generation": metadata.generation,
        "resourceVersion": str(metadata.resource_version),
        "creationTimestamp": timestamp(metadata.created_at),
    }
    if metadata.deletion_requested_at is not None:
        view["deletionTimestamp"] = timestamp(metadata.deletion_requested_at)
    return view


def plugin_view(spec: PlaygroundSpec) -> Json:
    """What runs, as it was named."""
    view: Json = {}
    if not spec.plugin_release.startswith(_IMAGE_PREFIX):
        view["release"] = spec.plugin_release
    if spec.plugin is not None and spec.pinned:
        view["archive"] = spec.plugin.digest
    if spec.image is not None:
        view["image"] = spec.image
    return view


def spec_view(spec: PlaygroundSpec) -> Json:
    """What is wanted; what is as it would be by itself is left out, but for `state`."""
    view: Json = {"plugin": plugin_view(spec)}
    if spec.kind is not Kind.PLUGIN_RUNTIME:
        view["kind"] = spec.kind
    if spec.model is not None:
        view["model"] = spec.model
    if spec.params:
        view["params"] = dict(spec.params)
    if spec.envs or spec.secret_envs:
        view["env"] = [_variable_view(spec, name) for name in sorted({*spec.envs, *spec.secret_envs})]
    if spec.secret_sets:
        view["envFrom"] = [_set_view(given) for given in spec.secret_sets]
    view["state"] = spec.state
    resources: Json = {
        "cpu": format_cpu(spec.resources.cpu) if spec.resources.cpu else None,
        "memory": format_bytes(spec.resources.memory) if spec.resources.memory else None,
        "gpu": spec.resources.gpu or None,
        "shm": format_bytes(spec.resources.shm) if spec.resources.shm else None,
    }
    port: Json = {
        "host": spec.wanted_port,
        "container": spec.container_port if spec.container_port != GRADIO_PORT else None,
    }
    usual = Readiness()
    readiness: Json = {
        "path": spec.readiness.path if spec.readiness.path != usual.path else None,
        "timeout": format_duration(spec.readiness.timeout) if spec.readiness.timeout else None,
    }
    for name, part in (("resources", resources), ("port", port), ("readiness", readiness)):
        given: Json = {key: value for key, value in part.items() if value is not None}
        if given:
            view[name] = given
    if spec.restart_policy is not RestartPolicy.ALWAYS:
        view["restartPolicy"] = spec.restart_policy
    if not spec.egress:
        view["egress"] = False
    if spec.ttl is not None:
        view["ttl"] = format_duration(spec.ttl)
    return view


def _variable_view(spec: PlaygroundSpec, name: str) -> Json:
    """A variable: its secret's name, or its value unless that is hidden."""
    if name in spec.secret_envs:
        return {"name": name, "secretRef": spec.secret_envs[name]}
    if name in spec.hidden_envs:
        return {"name": name, "secret": True}
    return {"name": name} if spec.private_envs else {"name": name, "value": spec.envs[name]}


def _set_view(given: SecretSet) -> Json:
    return {"secretRef": given.secret, "prefix": given.prefix} if given.prefix else {"secretRef": given.secret}


def _status_view(playground: Playground) -> Json:
    status, spec = playground.status, playground.spec
    conditions: list[JsonValue] = [_condition_view(condition) for condition in status.conditions]
    view: Json = {
        "phase": phase(playground),
        "observedGeneration": status.observed_generation,
        "conditions": conditions,
        "restarts": status.restarts,
        "failures": status.failures,
    }
    seen: Json = {
        "endpoint": status.endpoint,
        "hostPort": playground.host_port,
        "containerId": status.container_id,
        "image": status.image,
        "archive": spec.plugin.digest if spec.plugin else None,
        "lastFailure": _failure_view(status),
        "nextAttemptAt": timestamp(status.next_attempt_at),
        "expiresAt": timestamp(expires_at(playground)),
    }
    return view | {name: value for name, value in seen.items() if value is not None}


def expires_at(playground: Playground) -> float | None:
    """When its time to live is over, in seconds since the epoch; None for never."""
    ttl = playground.spec.ttl
    return None if ttl is None else playground.metadata.spec_changed_at + ttl


def _condition_view(condition: Condition) -> Json:
    return {
        "type": condition.type,
        "status": condition.status,
        "reason": condition.reason,
        "message": condition.message,
        "observedGeneration": condition.observed_generation,
        "lastTransitionTime": timestamp(condition.last_transition_time),
    }


def _failure_view(status: PlaygroundStatus) -> Json | None:
    failure: Failure | None = status.last_failure
    if failure is None:
        return None
    view: Json = {
        "reason": failure.reason,
        "message": failure.message,
        "time": timestamp(failure.at),
        "oomKilled": failure.oom_killed,
        "logTail": list(failure.log_tail),
    }
    if failure.exit_code is not None:
        view["exitCode"] = failure.exit_code
    return view
