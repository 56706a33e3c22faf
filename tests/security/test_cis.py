"""The box is closed: the CIS checks hold on real containers, and would say so if they did not."""

from typing import Any

import pytest

from controller.engine.sandbox import USER, host_config
from tests.e2e.eventually import eventually
from tests.security.boxed import all_in_the_box
from tests.security.cis import CHECKS, violations
from tests.security.conftest import MEBIBYTE, Box

pytestmark = pytest.mark.engine

LOOSE: dict[str, Any] = {
    "4.1 a user of its own": {"user": "root"},
    "5.4 capabilities": {"cap_add": ["NET_ADMIN"]},
    "5.5 not privileged": {"privileged": True},
    "5.6 no host folders": {"binds": ["/etc:/etc:ro"]},
    "5.9 one port only": {"publish_all_ports": True},
    "5.10 not the host's network": {"network_mode": "host", "port_bindings": None},
    "5.11 memory": {"mem_limit": 0, "memswap_limit": 0},
    "5.12 CPU": {"nano_cpus": 0},
    "5.13 read-only root": {"read_only": False},
    "5.14 one address": {"port_bindings": {"7860/tcp": 23456}},
    "5.15 no restarts": {"restart_policy": {"Name": "always"}},
    "5.16 not the host's processes": {"pid_mode": "host"},
    "5.17 not the host's IPC": {"ipc_mode": "host"},
    "5.18 no devices": {"devices": ["/dev/null:/dev/x:r"]},
    "5.21 not the host's UTS": {"uts_mode": "host"},
    "5.22 seccomp": {"security_opt": ["no-new-privileges", "seccomp=unconfined"]},
    "5.26 no new privileges": {"security_opt": []},
    "5.29 pids": {"pids_limit": -1},
    "5.30 not docker0": {"network_mode": "bridge"},
    "5.32 no engine socket": {"binds": ["/var/run/docker.sock:/s"]},
}


def test_a_container_as_the_controller_makes_it_passes_every_check(box: Box) -> None:
    for spec in (box.spec(), box.spec(egress=False), box.spec(resources={"memory": 32 * MEBIBYTE, "cpu": 0.1})):
        assert violations(box.inspect(box.run(spec))) == []


@pytest.mark.parametrize("check", LOOSE)
def test_a_check_sees_what_it_is_there_for(check: str, box: Box) -> None:
    """Each loosened in one way, created and never started."""
    spec = box.spec()
    box.engine.create(spec)
    loose = dict(LOOSE[check])
    user = loose.pop("user", USER)
    strict = host_config(box.api, spec, 2.0)
    config = {**strict, **box.api.create_host_config(**loose)} if loose else strict
    if "5.4" in check or "5.11" in check or "5.12" in check or "5.13" in check or "5.29" in check:
        names = {"cap_add": "CapAdd", "mem_limit": "Memory", "memswap_limit": "MemorySwap", "nano_cpus": "NanoCpus"}
        names |= {"read_only": "ReadonlyRootfs", "pids_limit": "PidsLimit"}
        config = strict | {names[name]: value for name, value in loose.items()}
    if "port_bindings" in loose and loose["port_bindings"] is None:
        config.pop("PortBindings")
    made = box.api.create_container(
        spec.image, user=user, labels=dict(spec.labels), host_config=config, ports=[(7860, "tcp")]
    )
    assert check in violations(box.inspect(made["Id"]))


def test_who_starts_outside_of_the_box_is_found_whichever_test_it_was(box: Box) -> None:
    def two_are_started() -> None:
        with all_in_the_box(box.controller_id) as watch:
            good = box.run(box.spec())
            eventually(lambda: good in watch.looked_at, 10, "a look at the first")
            assert watch.found == {}
            box.api.start(loose)
            eventually(lambda: loose["Id"] in watch.looked_at, 10, "a look at the second")

    other = box.spec()
    box.engine.remove(box.engine.create(other))  # its network is there now
    open_root = host_config(box.api, other, 2.0) | {"ReadonlyRootfs": False}
    loose = box.api.create_container(
        other.image, user=USER, labels=dict(other.labels), host_config=open_root, ports=[(7860, "tcp")]
    )
    with pytest.raises(AssertionError, match=r"5\.13 read-only root"):
        two_are_started()


def test_every_check_but_a_few_has_such_a_test() -> None:
    """Those left out are about what the engine here cannot do (AppArmor, SELinux, user namespaces) or were shown."""
    untried = {"5.2", "5.3", "5.8", "5.19", "5.20", "5.25", "5.31"}
    assert {name.split()[0] for name in CHECKS} - {name.split()[0] for name in LOOSE} == untried


def test_the_spec_may_ask_for_less_and_never_for_more(box: Box) -> None:
    less = box.spec(resources={"memory": 32 * MEBIBYTE, "cpu": 0.1})
    more = box.spec(resources={"memory": 1 << 40, "cpu": 64.0})
    assert (less.limits.memory, less.limits.cpu) == (32 * MEBIBYTE, 0.1)
    assert (more.limits.memory, more.limits.cpu) == (128 * MEBIBYTE, 0.5)
