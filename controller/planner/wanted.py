"""From a playground's spec to the image and the container it wants."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

from api.resources.identity import Kind, image_name
from api.resources.playground import GRADIO_PORT, Playground, PlaygroundSpec
from api.resources.secret import variables_of
from controller.domain.container_spec import ContainerSpec, Limits
from controller.planner.networks import network_name
from controller.planner.policy import Policy

LABEL_CONTROLLER = "playground.controller"
LABEL_UID = "playground.uid"
LABEL_NAME = "playground.name"
LABEL_SPEC_HASH = "playground.spec-hash"
LABEL_GENERATION = "playground.generation"
LABEL_RELEASE = "playground.release"
LABEL_MODEL = "playground.model"
LABEL_SECRETS = "playground.secret-envs"
"""Variables whose values are taken out of what the container prints."""

ENTRYPOINT_VARIABLE = "PLAYGROUND_ENTRYPOINT"
PARAMS_VARIABLE = "PLUGIN_PARAMS"
_text_of = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode


def image_reference(spec: PlaygroundSpec, policy: Policy) -> str:
    """The image that is named, else the one built from the plugin, whose tag stands for content, base and recipe."""
    if spec.image is not None:
        return spec.image
    digest = spec.plugin.digest if spec.plugin else ""
    tag = hashlib.sha256(f"{digest}\n{policy.build_fingerprint}".encode()).hexdigest()[:12]
    return f"{image_name(spec.plugin_release)}:{tag}"


def wanted_container(
    playground: Playground, policy: Policy, secrets: Mapping[str, str] | None = None
) -> ContainerSpec | None:
    """The container as it shall be, or None while no port is reserved. `secrets` are digests by name."""
    unnamed = unnamed_container(playground, policy, secrets)
    return None if unnamed is None else named(unnamed, unnamed.spec_hash, playground, policy)


def wanted_hash(playground: Playground, policy: Policy, secrets: Mapping[str, str] | None = None) -> str | None:
    """The spec hash of the container as it shall be; None while no port is reserved."""
    unnamed = unnamed_container(playground, policy, secrets)
    return None if unnamed is None else unnamed.spec_hash


def unnamed_container(
    playground: Playground, policy: Policy, digests: Mapping[str, str] | None = None
) -> ContainerSpec | None:
    """All of it that counts for its hash."""
    if playground.host_port is None:
        return None
    spec = playground.spec
    return ContainerSpec(
        image=image_reference(spec, policy),
        environment=_environment(spec),
        address=policy.bind_host,
        host_port=playground.host_port,
        container_port=spec.container_port,
        limits=_limits(spec, policy.limits),
        egress=policy.egress and spec.egress,
        gpus=spec.resources.gpu,
        shm_bytes=spec.resources.shm,
        secrets=_secrets(spec, digests or {}) if spec.secret_envs else (),
        secret_sets=_secret_sets(spec, digests or {}) if spec.secret_sets else (),
        gives_way=_gives_way(spec) if spec.secret_sets else (),
    )


def named(unnamed: ContainerSpec, spec_hash: str, playground: Playground, policy: Policy) -> ContainerSpec:
    """The same with its name, its labels and its network; the hash is the container's own."""
    spec, metadata = playground.spec, playground.metadata
    labels = {
        LABEL_CONTROLLER: policy.controller_id,
        LABEL_UID: metadata.uid,
        LABEL_NAME: metadata.name,
        LABEL_SPEC_HASH: spec_hash,
        LABEL_GENERATION: str(metadata.generation),
        LABEL_RELEASE: spec.plugin_release,
        LABEL_MODEL: "" if spec.model is None else str(spec.model),
    }
    if spec.secret_envs or spec.hidden_envs or spec.secret_sets:
        labels[LABEL_SECRETS] = ",".join(sorted({*spec.secret_envs, *spec.hidden_envs}))
    return replace(
        unnamed,
        name=f"playground-{metadata.name}-{metadata.uid[:6]}-{spec_hash[:6]}",
        labels=tuple(sorted(labels.items())),
        network=network_name(policy, unnamed.host_port, egress=unnamed.egress),
    )


def _environment(spec: PlaygroundSpec) -> tuple[tuple[str, str], ...]:
    """The plugin's own variables, then the user's over them, then ours over both."""
    own = spec.plugin.env if spec.plugin else {}
    return tuple(sorted({**own, **spec.envs, **_ours(spec)}.items()))


def _ours(spec: PlaygroundSpec) -> dict[str, str]:
    variables = {PARAMS_VARIABLE: _text_of(spec.params) if spec.params else "{}"}
    if spec.kind is Kind.PLUGIN_RUNTIME:
        variables["GRADIO_SERVER_NAME"] = "0.0.0.0"  # noqa: S104 (inside the container; published on one address)
        variables["GRADIO_SERVER_PORT"] = str(GRADIO_PORT)
        if spec.plugin and spec.plugin.entrypoint:
            variables[ENTRYPOINT_VARIABLE] = spec.plugin.entrypoint
    return variables


def _secrets(spec: PlaygroundSpec, digests: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    return tuple((variable, name, digests.get(name, "")) for variable, name in sorted(spec.secret_envs.items()))


def _secret_sets(spec: PlaygroundSpec, digests: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    return tuple((given.secret, given.prefix, digests.get(given.secret, "")) for given in spec.secret_sets)


def _gives_way(spec: PlaygroundSpec) -> tuple[str, ...]:
    """The plugin's own variables that nothing but a set may change."""
    own = set(spec.plugin.env) if spec.plugin else set()
    return tuple(sorted(own - spec.envs.keys() - _ours(spec).keys()))


def with_secrets(container: ContainerSpec, values: Mapping[str, str]) -> ContainerSpec:
    """The same with the values of its secrets among its variables; its label says which those are.

    A set's variables go over the plugin's own, a later set's over an earlier one's, and what is given by name over all.

    Args:
        container: as it was planned.
        values: by the secrets' names.
    """
    given = dict(container.environment)
    found: dict[str, str] = {}
    for secret, prefix, _ in container.secret_sets:
        found |= {f"{prefix}{name}": value for name, value in _variables(values.get(secret, "")).items()}
    found = {name: value for name, value in found.items() if name not in given or name in container.gives_way}
    found |= {variable: values[secret] for variable, secret, _ in container.secrets if secret in values}
    environment = tuple(sorted({**given, **found}.items()))
    if not container.secret_sets:
        return replace(container, environment=environment)
    labels = dict(container.labels)
    hidden = {*labels[LABEL_SECRETS].split(","), *found} - {""}
    labels[LABEL_SECRETS] = ",".join(sorted(hidden))
    return replace(container, environment=environment, labels=tuple(sorted(labels.items())))


def _variables(value: str) -> dict[str, str]:
    """None where the secret became unusable after the pass had looked: its change wakes another pass, which tells."""
    try:
        return variables_of(value)
    except ValueError:
        return {}


def _limits(spec: PlaygroundSpec, most: Limits) -> Limits:
    """The spec may ask for less than the operator gives, never for more."""
    asked = spec.resources
    if asked.memory is None and asked.cpu is None:
        return most
    return Limits(
        memory=min(asked.memory or most.memory, most.memory),
        cpu=min(asked.cpu or most.cpu, most.cpu),
        pids=most.pids,
        tmpfs_bytes=most.tmpfs_bytes,
    )
