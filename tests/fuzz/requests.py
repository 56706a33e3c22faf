"""Requests as Hypothesis makes them up: by the API's own description, by the contract's fields, and bent bytes."""

import io
import json
import re
import zipfile
from dataclasses import dataclass
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from api.http.v1 import openapi
from api.http.v1.table import OPERATIONS
from tests.api.plugins import CONFIG, PAGE, plugin
from tests.api.test_properties import bodies, json_values

BOUNDARY = "fuzzfuzzfuzz"
_STREAMS = re.compile(r"watch|follow")
"""What stays open is not for one who waits for its end."""


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    body: bytes = b""
    content_type: str = "application/json"


_names = st.sampled_from(["a", "b-1", "x" * 63, "A", "", "docker", "1", "c" * 64, "../x", "%00", "é"])
_path = st.sampled_from(
    [
        "/containers/",
        "/containers/docker/",
        "/plugin_releases/",
        "/health/",
        "/v1/playgrounds",
        "/v1/events",
        "/metrics",
    ]
) | st.builds(
    "{}{}{}".format,
    st.sampled_from(["/containers/", "/containers/docker/", "/builds/", "/plugin_releases/", "/v1/playgrounds/"]),
    _names,
    st.sampled_from(["", "/", "/stop/", "/start/", "/restart/", "/events/", "/logs/", "?page=1", "?label=é"]),
)
_json = json_values.map(lambda value: json.dumps(value).encode())
_create = bodies.map(lambda value: json.dumps(value).encode())
_LINES = """\
code: a
name: b
version: "1"
version: 1.0
env:
  A: 1
actions:
  gradio:
    entrypoint: p.q:r
- x
&a [*a]
!!python/object:os.system x
? {}
a: b: c
apiVersion: playground/v1
kind: Playground
metadata:
  name: n
spec:
  plugin: {release: a@1}
"""
_lines = st.sampled_from([*_LINES.splitlines(keepends=True), "\t\n"])
_yaml_text = st.lists(_lines | st.text(max_size=20), max_size=12).map("".join)


@st.composite
def _archives(draw: st.DrawFn) -> bytes:
    """A ZIP that is nearly a plugin, or nearly a ZIP."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        config = draw(st.just(CONFIG.format(code="fuzz", version="1")) | _yaml_text)
        made.writestr("config.yaml", config.encode("utf-8", "surrogatepass"))
        made.writestr(draw(st.sampled_from(["plugin/gradio_interface.py", "../x", "a" * 300, "x\\y"])), PAGE)
    whole = bytearray(buffer.getvalue())
    for place, value in draw(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=3)):
        whole[place] = value
    return bytes(whole[: draw(st.integers(0, len(whole)))]) if draw(st.booleans()) else bytes(whole)


@st.composite
def _multipart(draw: st.DrawFn) -> bytes:
    """A multipart body that is nearly one."""
    parts = []
    for _ in range(draw(st.integers(0, 4))):
        name = draw(st.sampled_from(["plugin_release", "params", "envs", "labels", "model", "file", "", 'a"b']))
        content = (
            draw(_archives() | st.binary(max_size=40) | _json)
            if name == "file"
            else draw(st.binary(max_size=30) | _json)
        )
        end = draw(st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b""]))
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="f"\r\n\r\n'.encode()
        parts.append(head + content + end)
    return b"".join(parts) + draw(st.sampled_from([f"--{BOUNDARY}--\r\n".encode(), b"", b"--", b"\0"]))


@st.composite
def _uploads(draw: st.DrawFn) -> bytes:
    """A multipart body with a plugin that is whole, and fields that may fit it."""
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
    fields = draw(st.dictionaries(st.sampled_from(["model", "params", "labels"]), st.sampled_from(["1", "{}", "x"])))
    parts = [f'{head}"{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
    content = plugin(draw(st.sampled_from(["fuzz", "f@z", "F U"])), draw(st.sampled_from(["1", "2.0", ""])))
    file = f'{head}"file"; filename="f"\r\n\r\n'.encode() + content
    return b"".join([*parts, file, f"\r\n--{BOUNDARY}--\r\n".encode()])


def _described() -> st.SearchStrategy[Asked]:
    """What the resource API's own description says can be asked, filled with values that fit it, and that do not."""
    schema = schemathesis.openapi.from_dict(openapi.describe(OPERATIONS))
    cases = [found.ok().as_strategy() for found in schema.get_all_operations() if isinstance(found, Ok)]
    return st.one_of(cases).map(_asked).filter(lambda asked: not _STREAMS.search(asked.path))


def _asked(case: Any) -> Asked:
    sent = case.as_transport_kwargs(base_url="http://fuzz")
    body = sent.get("data") or b""
    if sent.get("json") is not None:
        body = json.dumps(sent["json"]).encode()
    path = sent["url"].removeprefix("http://fuzz") or "/"
    return Asked(
        case.method,
        path,
        body if isinstance(body, bytes) else str(body).encode(),
        case.media_type or "application/json",
    )


def requests() -> st.SearchStrategy[Asked]:
    """Any request."""
    methods = st.sampled_from(["GET", "GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "HEAD"])
    form = f"multipart/form-data; boundary={BOUNDARY}"
    return st.one_of(
        st.builds(Asked, methods, _path, st.just(b"") | _json | st.binary(max_size=50)),
        st.builds(Asked, st.just("POST"), st.sampled_from(["/containers/", "/containers/docker/"]), _create),
        st.builds(
            Asked,
            st.just("POST"),
            st.sampled_from(["/containers/", "/plugin_releases/", "/v1/pluginreleases"]),
            _multipart(),
            st.sampled_from([form, form, "multipart/form-data", f"{form}x"]),
        ),
        st.builds(Asked, st.just("POST"), st.just("/containers/"), _uploads(), st.just(form)),
        st.builds(
            Asked,
            st.sampled_from(["PUT", "PATCH"]),
            _names.map("/v1/playgrounds/{}".format),
            _yaml_text.map(lambda text: text.encode("utf-8", "surrogatepass")),
            st.sampled_from(["application/yaml", "application/json", "text/plain"]),
        ),
        _described(),
    )
