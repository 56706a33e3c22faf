"""From a spec to the container: the hash that decides about replacing, names, labels, limits, environment."""

import hashlib
import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.resources.playground import PlaygroundSpec
from controller.domain.container_spec import ContainerSpec, Limits
from controller.planner.wanted import image_reference, wanted_container
from tests.planner.worlds import MEBIBYTE, PLUGIN, POLICY, UID, playground, wanted, with_policy

P = playground()
GOLDEN = "0f3a6af071ec"
"""Changing this value replaces every container of every user at the next update: only on purpose."""


def environment(**spec: Any) -> dict[str, str]:
    return dict(wanted(playground(**spec)).environment)


def test_the_hash_is_stable_between_versions() -> None:
    spec = ContainerSpec(
        image="app:1",
        environment=(("A", "1"), ("B", "ü")),
        address="127.0.0.1",
        host_port=7860,
        container_port=7860,
        limits=Limits(memory=1024, cpu=0.5, pids=10, tmpfs_bytes=2048),
        name="ignored",
        labels=(("ignored", "too"),),
        network="ignored",
    )
    assert spec.spec_hash == GOLDEN


@given(text=st.text(st.characters(exclude_categories=())), cpu=st.floats(allow_nan=False, allow_infinity=False))
@example(text="\x7f", cpu=1.0)
@example(text="\ud800", cpu=1.0)
@example(text="a", cpu=1e16)
@example(text='\x00\x1f"/\\\b\f', cpu=0.25)
def test_the_hash_is_of_the_text_that_the_standard_library_writes(text: str, cpu: float) -> None:
    """A container that an older version made would be replaced otherwise."""
    limits = Limits(memory=1024, cpu=cpu, pids=10, tmpfs_bytes=2048)
    spec = ContainerSpec(text, (("A", text),), "127.0.0.1", 7860, 7861, limits, secrets=(("B", "b", "digest"),))
    said = {
        "image": text,
        "environment": [["A", text]],
        "address": "127.0.0.1",
        "host_port": 7860,
        "container_port": 7861,
        "egress": True,
        "limits": {"memory": 1024, "cpu": cpu, "pids": 10, "tmpfs_bytes": 2048},
        "name": None,
        "labels": None,
        "network": None,
        "secrets": [["B", "b", "digest"]],
    }
    written = json.dumps(said, sort_keys=True, separators=(",", ":"))
    assert spec.spec_hash == hashlib.sha256(written.encode()).hexdigest()[:12]


CHANGES: dict[str, dict[str, Any]] = {
    "port": {"port": 7861},
    "image": {"plugin": None, "image": "mine:1"},
    "content": {"plugin": PLUGIN.model_copy(update={"digest": "sha256:" + "b" * 64})},
    "entrypoint": {"plugin": PLUGIN.model_copy(update={"entrypoint": "other:app"})},
    "params": {"params": {"a": 1}},
    "envs": {"envs": {"A": "1"}},
    "container port": {"container_port": 8080},
    "egress": {"egress": False},
    "memory": {"resources": {"memory": 64 * MEBIBYTE}},
    "cpu": {"resources": {"cpu": 1.0}},
    "kind": {"kind": "code_server", "plugin": None, "image": "mine:1"},
}
SAME: dict[str, dict[str, Any]] = {
    "generation": {"generation": 7},
    "run state": {"state": "Stopped"},
    "restart policy": {"restart_policy": "Never"},
    "readiness": {"readiness": {"path": "/", "timeout": 5}},
    "a restart request": {"restart_at": 5.0},
    "model": {"model": 3},
    "more memory than there is": {"resources": {"memory": 1024 * MEBIBYTE}},
    "more cores than there are": {"resources": {"cpu": 64.0}},
    "the order of params": {"params": {}},
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_replaces_the_container(change: str) -> None:
    assert wanted(playground(**CHANGES[change])).spec_hash != wanted(P).spec_hash


@pytest.mark.parametrize("change", SAME)
def test_what_leaves_the_container_alone(change: str) -> None:
    assert wanted(playground(**SAME[change])).spec_hash == wanted(P).spec_hash


def test_the_order_of_a_map_is_no_difference() -> None:
    one = playground(params={"a": 1, "b": [1, 2]}, envs={"A": "1", "B": "2"})
    other = playground(params={"b": [1, 2], "a": 1}, envs={"B": "2", "A": "1"})
    assert wanted(one) == wanted(other)


def test_another_operator_setting_replaces_the_container() -> None:
    for policy in (
        with_policy(bind_host="0.0.0.0"),
        with_policy(build_fingerprint="another base"),
        with_policy(limits=Limits(64 * MEBIBYTE, 2.0, 256, 64 * MEBIBYTE)),
        with_policy(limits=Limits(512 * MEBIBYTE, 2.0, 255, 64 * MEBIBYTE)),
    ):
        assert wanted(P, policy).spec_hash != wanted(P).spec_hash
    assert wanted(P, with_policy(advertise_host="other", liveness_failures=9)) == wanted(P)


def test_limits_only_tighten() -> None:
    assert wanted(playground(resources={"memory": 64 * MEBIBYTE, "cpu": 0.5})).limits == Limits(
        64 * MEBIBYTE, 0.5, 256, 64 * MEBIBYTE
    )
    assert wanted(playground(resources={"memory": 2**40, "cpu": 99.0})).limits == POLICY.limits
    assert wanted(P).limits == POLICY.limits


def test_without_a_port_there_is_no_container_yet() -> None:
    assert wanted_container(playground(port=None), POLICY) is None


def test_the_name_is_derived_and_within_dockers_limits() -> None:
    longest = playground()
    longest = longest.model_copy(update={"metadata": longest.metadata.model_copy(update={"name": "n" * 63})})
    spec = wanted(longest)
    assert spec.name == f"playground-{'n' * 63}-{UID[:6]}-{spec.spec_hash[:6]}"
    assert re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+", spec.name)
    assert len(spec.name) <= 128
    assert wanted(P).name == wanted(P).name
    assert wanted(P).name != wanted(playground(envs={"A": "1"})).name


def test_labels_say_whose_it_is() -> None:
    spec = wanted(playground(model=0))
    assert dict(spec.labels) == {
        "playground.controller": "one",
        "playground.uid": UID,
        "playground.name": "hello-1-0-0",
        "playground.spec-hash": spec.spec_hash,
        "playground.generation": "2",
        "playground.release": "hello@1.0.0",
        "playground.model": "0",
    }
    assert dict(wanted(P).labels)["playground.model"] == ""


def test_the_users_variables_go_over_the_plugins_and_ours_over_both() -> None:
    plugin = PLUGIN.model_copy(update={"env": {"A": "plugin", "B": "plugin", "GRADIO_SERVER_PORT": "1"}})
    envs = {"B": "user", "PLUGIN_PARAMS": "user", "GRADIO_SERVER_NAME": "user", "PLAYGROUND_ENTRYPOINT": "user"}
    assert environment(plugin=plugin, envs=envs, params={"größe": 1, "a": None}) == {
        "A": "plugin",
        "B": "user",
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_SERVER_PORT": "7860",
        "PLAYGROUND_ENTRYPOINT": "plugin.gradio_interface:app",
        "PLUGIN_PARAMS": '{"a": null, "größe": 1}',
    }


def test_an_image_of_ones_own_gets_params_and_no_entrypoint() -> None:
    assert environment(plugin=None, image="mine:1") == {
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_SERVER_PORT": "7860",
        "PLUGIN_PARAMS": "{}",
    }
    assert environment(kind="code_server", plugin=None, image="code:1") == {"PLUGIN_PARAMS": "{}"}


def test_the_image_stands_for_content_base_and_recipe() -> None:
    spec = P.spec
    reference = image_reference(spec, POLICY)
    assert re.fullmatch(r"synapse-plugin-hello-1\.0\.0:[0-9a-f]{12}", reference)
    assert image_reference(spec, with_policy(build_fingerprint="other")) != reference
    assert image_reference(spec, with_policy(controller_id="other", bind_host="::")) == reference
    assert image_reference(PlaygroundSpec(plugin_release="hello@1.0.0", image="mine:1"), POLICY) == "mine:1"
