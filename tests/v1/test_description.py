"""What is generated is what the code says; and the API does what its description says, whatever it is sent."""

from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from api.http.app import create_app
from api.http.v1.table import ALL, DESCRIPTION
from api.resources.kinds import DryRun, EventList, PlaygroundList, PluginReleaseList, PluginReleaseManifest
from api.resources.manifest import PlaygroundManifest
from scripts.generate import ROOT, generated
from tests.api.conftest import TOKEN, Api
from tests.v1.conftest import RELEASE, Put

STREAMS = {"watch", "follow"}
SIMPLE = {"/readyz", "/livez", "/metrics", "/openapi.json"}
"""They take nothing; they have a test of their own."""


@pytest.mark.parametrize("path", ["docs/openapi.json", "docs/resource-api.md", "manifests/schemas/playground.json"])
def test_generated_files_are_up_to_date(path: str) -> None:
    wanted = generated(ROOT / "docs/resource-api.md")
    assert Path(path) in wanted
    for name, text in wanted.items():
        assert (ROOT / name).read_text() == text, f"{name} is old: run scripts/generate.py"


def test_it_is_served_to_everybody_and_names_every_route_once(api: Api) -> None:
    with TestClient(create_app(api.deps)) as stranger:
        assert stranger.get("/openapi.json").json() == DESCRIPTION
    names = [operation.name for operation in ALL]
    assert len(names) == len(set(names))


def test_what_is_answered_fits_the_models(api: Api, client: TestClient, put: Put) -> None:
    uid = put(model=1, params={"a": 1}, resources={"cpu": 1}, labels={"a": "b"}).json()["metadata"]["uid"]
    api.controller().failed(uid)
    for path, model in (
        ("/v1/playgrounds/hello", PlaygroundManifest),
        ("/v1/playgrounds", PlaygroundList),
        ("/v1/events", EventList),
        ("/v1/pluginreleases", PluginReleaseList),
        (f"/v1/pluginreleases/{RELEASE}", PluginReleaseManifest),
    ):
        model.model_validate(client.get(path).json())
    DryRun.model_validate(put(model=1, query="?dryRun=All").json())


def test_probes_and_metrics(api: Api, client: TestClient, put: Put) -> None:
    put()
    with TestClient(create_app(api.deps)) as stranger:
        assert stranger.get("/livez").json() == {"status": "ok"}
        assert stranger.get("/readyz").json() == {"status": "ok"}
        assert stranger.get("/metrics").status_code == 401
    text = client.get("/metrics").text
    assert 'playground_playgrounds{phase="requested"} 1.0' in text
    assert 'playground_host_ports{use="total"} 1001.0' in text
    assert 'playground_http_requests_total{method="PUT",status="201"} 1.0' in text
    assert "playground_records_up 1.0" in text


def test_releases(client: TestClient, put: Put) -> None:
    release = client.get(f"/v1/pluginreleases/{RELEASE}").json()
    assert (release["spec"]["code"], release["spec"]["envNames"]) == ("my-plugin", ["FROM_CONFIG"])
    put()
    assert client.delete(f"/v1/pluginreleases/{RELEASE}").status_code == 409
    assert client.get("/v1/pluginreleases/nobody@1").status_code == 404
    assert (
        client.post("/v1/pluginreleases", content=b"no ZIP", headers={"Content-Type": "text/html"}).status_code == 415
    )
    refused = client.post("/v1/pluginreleases", content=b"no ZIP", headers={"Content-Type": "application/zip"})
    assert refused.status_code == 422


CHECKS = (
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
)


def test_no_500_and_no_answer_that_is_not_described(api: Api, client: TestClient, put: Put) -> None:
    """Requests made from the description, good and bad. Streams are left out: they do not end by themselves."""
    put()
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(api.deps), config=SchemathesisConfig())
    headers = {"Authorization": TOKEN}
    called: set[str] = set()
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        path = str(operation.path)
        if path in SIMPLE:
            continue

        @hypothesis.settings(
            max_examples=40, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
        )
        @hypothesis.seed(7)
        @hypothesis.given(case=operation.as_strategy())
        def check(case: Any) -> None:
            case.query = {name: value for name, value in (case.query or {}).items() if name not in STREAMS}
            case.call_and_validate(headers=headers, checks=CHECKS)
            called.add(f"{case.method} {case.path}")

        check()
    wanted = {f"{operation.method} {operation.path}" for operation in ALL if operation.path not in SIMPLE}
    assert called == wanted
