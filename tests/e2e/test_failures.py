"""Plugins that go wrong: the status, the reason and the last log lines, everywhere a user looks; then a good upload."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from playground_sdk import BuildFailedError, Container
from tests.e2e.conftest import NewServer
from tests.e2e.engine import containers_of
from tests.e2e.eventually import eventually
from tests.e2e.plugins import NEVER_LISTENS, RAISES_AT_IMPORT, hello, pack
from tests.e2e.server import Server, greeting

pytestmark = [pytest.mark.engine, pytest.mark.gradio]
READINESS_S = 12
"""Time enough for Gradio on a busy machine, and not too long to wait for what never comes."""


@dataclass(frozen=True)
class Fault:
    """A plugin's wrong files, and what is said about them."""

    changes: Mapping[str, str]
    reason: str
    sentence: str
    log_line: str


FAULTS = {
    "e2e-no-such-package": Fault(
        {"requirements.txt": "no-such-package-anywhere==9.9\n"},
        reason="BuildFailed",
        sentence="The image could not be built",
        log_line="no-such-package-anywhere",
    ),
    "e2e-raises-at-import": Fault(
        RAISES_AT_IMPORT,
        reason="ContainerExited",
        sentence="It exited with code 1.",
        log_line="the weights are not there",
    ),
    "e2e-never-listens": Fault(
        NEVER_LISTENS,
        reason="ReadinessTimedOut",
        sentence=f"It did not serve within {READINESS_S} s",
        log_line="thinking about it",
    ),
}


@pytest.fixture(scope="module")
def server(new_server: NewServer) -> Iterator[Server]:
    """Its builds have no network (nobody looks long for a package that is nowhere), and it soon gives up on a start."""
    with new_server(
        settings={"PLAYGROUND_BUILD_NETWORK": "none", "PLAYGROUND_READINESS_TIMEOUT": str(READINESS_S)}
    ) as found:
        yield found


@pytest.mark.parametrize("code", FAULTS)
def test_it_is_told_everywhere_and_a_good_upload_mends_it(code: str, server: Server, tmp_path: Path) -> None:
    fault, client = FAULTS[code], server.client
    asked = client.create_container(plugin_file=pack(tmp_path / "bad.zip", hello(code, fault.changes)), wait=False)
    found = eventually(lambda: _has_failed(server, asked["uid"]), READINESS_S + 30, "the failure")
    assert found["endpoint"] is None
    assert fault.sentence in found["message"]
    assert fault.sentence in str(found["last_error"])
    assert fault.log_line in "\n".join(found["last_log_lines"])
    assert found["next_attempt_at"] is not None

    with pytest.raises(BuildFailedError) as caught:
        client.wait_for_build(asked["build_id"])
    error = caught.value
    assert fault.sentence in error.reason
    assert fault.log_line in "\n".join(error.log_lines)
    build = client.get_build_status(asked["build_id"])
    assert (build["status"], build["error"], build["result"]) == ("failed", error.error, None)

    events = client.list_container_events(found["uid"])
    warning = next(event for event in events if event["reason"] == fault.reason)
    assert warning["type"] == "Warning"
    assert fault.sentence in warning["message"]
    assert fault.log_line in warning["message"]
    assert fault.log_line in client.get_container_logs(found["uid"])

    mended = client.create_container(plugin_file=pack(tmp_path / "good.zip", hello(code)))
    assert (mended["status"], mended["record_id"]) == ("running", found["record_id"])
    assert greeting(mended["endpoint"]) == "Hello, world!"
    assert [container["Id"] for container in containers_of(server.controller_id)] == [mended["id"]]
    assert client.get_build_status(error.build_id)["status"] == "failed", "what was told stays so"
    server.delete(found["uid"])


def _has_failed(server: Server, uid: str) -> Container | None:
    """The playground while its status is `failed`: between two attempts, as it is tried again and again."""
    found = server.client.get_container(uid)
    return found if found["status"] == "failed" and found["endpoint"] is None else None


def test_a_bad_new_version_does_not_take_the_good_old_one_down(server: Server, tmp_path: Path) -> None:
    client, code = server.client, "e2e-was-good"
    good = client.create_container(plugin_file=pack(tmp_path / "good.zip", hello(code)))
    with pytest.raises(BuildFailedError, match="the weights are not there"):
        client.create_container(plugin_file=pack(tmp_path / "bad.zip", hello(code, RAISES_AT_IMPORT)))
    back = eventually(lambda: _serves(good["endpoint"]), 60, "the good version serving again")
    assert back == "Hello, world!"
    found = client.get_container(good["uid"])
    assert (found["status"], found["id"], found["endpoint"]) == ("failed", good["id"], good["endpoint"])
    assert "the weights are not there" in "\n".join(found["last_log_lines"])
    assert "RolledBack" in [event["reason"] for event in client.list_container_events(good["uid"])]
    server.delete(good["uid"])


def _serves(endpoint: str | None) -> str:
    """What the page says; nothing while there is none."""
    try:
        return greeting(endpoint)
    except requests.RequestException:
        return ""
