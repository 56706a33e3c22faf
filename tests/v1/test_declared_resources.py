"""What a declared spec may ask for: graphics processors and shared memory. Nobody is replaced for their sake."""

from dataclasses import replace

import docker

from controller.engine.sandbox import host_config
from controller.planner.wanted import wanted_container
from tests.planner.worlds import POLICY, playground


def test_they_are_asked_of_the_engine_only_when_the_spec_does() -> None:
    api = docker.APIClient(base_url="http://127.0.0.1:9", version="1.41")
    plain = wanted_container(playground(), POLICY)
    asked = wanted_container(playground(resources={"gpu": 2, "shm": 8 * 2**20}), POLICY)
    assert plain is not None
    assert asked is not None
    without, with_them = host_config(api, plain, 4.0), host_config(api, asked, 4.0)
    api.close()
    assert not without.get("DeviceRequests")
    assert "ShmSize" not in without
    assert with_them["DeviceRequests"][0]["Count"] == 2
    assert with_them["ShmSize"] == 8 * 2**20


def test_only_who_asks_for_them_gets_another_container() -> None:
    plain = wanted_container(playground(), POLICY)
    assert plain is not None
    assert replace(plain, gpus=0, shm_bytes=None).spec_hash == plain.spec_hash
    assert replace(plain, gpus=1).spec_hash != plain.spec_hash
    assert replace(plain, shm_bytes=2**20).spec_hash != plain.spec_hash
