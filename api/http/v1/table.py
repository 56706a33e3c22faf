"""The table of all routes of the resource API: each with its parameters, its body, and every answer it can give."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from api.http.replies import JsonReply
from api.http.v1 import events, health, logs, playgrounds, releases
from api.http.v1.openapi import describe
from api.http.v1.operations import (
    FLAG,
    JSON,
    JSON_LINES,
    SSE,
    STRING,
    TEXT,
    YAML,
    Answer,
    Body,
    Operation,
    Parameter,
    ref,
    routes,
)
from api.http.v1.selectors import FIELD_NAMES

_NAME = Parameter(
    "name", "The playground's name.", {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"}, "path"
)
_RELEASE = Parameter("release", "`code@version`; a slash in it is one of the path.", STRING, "path")
_DRY_RUN = Parameter("dryRun", "`All`: nothing is written; see DryRun.", {"type": "string", "enum": ["All"]})
_IF_MATCH = Parameter(
    "If-Match", "Only if it is at this version (an ETag), or `*`: only if it is there.", STRING, "header"
)
_IF_NONE_MATCH = Parameter(
    "If-None-Match", "`*`: only if it is not there yet.", {"type": "string", "enum": ["*"]}, "header"
)
_LABELS = Parameter(
    "labelSelector", "`team=vision`, `team!=vision`, `team in (a, b)`, `team notin (a)`, `team`, `!team`.", STRING
)
_FIELDS = Parameter("fieldSelector", f"`=` or `!=` on {', '.join(FIELD_NAMES)}.", STRING)
_CONTINUE = Parameter("continue", "`metadata.continue` of the page before.", STRING)
_WATCH = Parameter("watch", "Go on with what changes. See WatchMessage.", FLAG)
_VERSION = Parameter(
    "resourceVersion",
    "A watch begins after it; without it, with all there is. `Last-Event-ID` says the same.",
    {"type": "string", "pattern": "^[0-9]{1,18}$"},
)
_SECONDS = Parameter(
    "timeoutSeconds", "A watch ends by itself.", {"type": "integer", "minimum": 1, "maximum": 24 * 3600}
)


def _limit(most: int) -> Parameter:
    return Parameter("limit", "How many at most.", {"type": "integer", "minimum": 1, "maximum": most})


def _json(model: str) -> dict[str, dict[str, object]]:
    return {JSON: ref(model)}


_WATCHED = {JSON_LINES: ref("WatchMessage"), SSE: {"type": "string"}}
_INVALID = Answer(422, "Something of the request does not fit; all of it is said.", _json("Error"))
_FULL = Answer(507, "The disk is full.", _json("Error"))
_ABSENT = Answer(404, "There is none.", _json("Error"))
_GONE = Answer(410, "The changes since then are not known any more: list anew.", _json("Error"))
_CONFLICT = Answer(409, "The record, or another one, is in the way.", _json("Error"))
_UNMET = Answer(412, "If-Match or If-None-Match does not hold.", _json("Error"))
_LARGE = Answer(413, "The body is too large.", _json("Error"))
_MEDIA = Answer(415, "The body is of another type.", _json("Error"))
_ONE = Answer(200, "The playground.", _json("PlaygroundManifest"), ("ETag",))
_WRITTEN = Answer(
    200,
    "The playground as it is now; of a dry run, what would become of it and the reconciler's plan.",
    {JSON: {"anyOf": [ref("PlaygroundManifest"), ref("DryRun")]}},
    ("ETag", "Playground-Result"),
)
_CREATED = Answer(201, "The playground is new.", _json("PlaygroundManifest"), ("ETag", "Playground-Result"))
_DOCUMENT = Body("The whole document.", {JSON: ref("PlaygroundManifest"), YAML: ref("PlaygroundManifest")})
_PATCH = Body(
    "A JSON merge patch of it.",
    {f"{kind}": {"type": "object"} for kind in ("application/merge-patch+json", JSON, YAML)},
)
_BINARY = {"type": "string", "format": "binary"}
_FORM = {"type": "object", "properties": {"file": _BINARY}, "required": ["file"]}
_ARCHIVE = Body("The plugin's archive, a ZIP.", {"application/zip": _BINARY, "multipart/form-data": _FORM})

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET",
        "/v1/playgrounds",
        "listPlaygrounds",
        "Playgrounds that match, as of one moment; or a watch of them.",
        playgrounds.list_playgrounds,
        (Answer(200, "The list.", {JSON: ref("PlaygroundList"), **_WATCHED}), _GONE, _INVALID),
        (_LABELS, _FIELDS, _limit(playgrounds.MAX_LIMIT), _CONTINUE, _WATCH, _VERSION, _SECONDS),
    ),
    Operation(
        "GET",
        "/v1/playgrounds/{name}",
        "readPlayground",
        "One playground.",
        playgrounds.read_playground,
        (_ONE, _ABSENT, _INVALID),
        (_NAME,),
    ),
    Operation(
        "PUT",
        "/v1/playgrounds/{name}",
        "applyPlayground",
        "Apply a document: create, configure, or leave alone what is so already.",
        playgrounds.put_playground,
        (_WRITTEN, _CREATED, _CONFLICT, _UNMET, _LARGE, _MEDIA, _INVALID, _FULL),
        (_NAME, _DRY_RUN, _IF_MATCH, _IF_NONE_MATCH),
        _DOCUMENT,
    ),
    Operation(
        "PATCH",
        "/v1/playgrounds/{name}",
        "patchPlayground",
        "Change some of it.",
        playgrounds.patch_playground,
        (_WRITTEN, _ABSENT, _CONFLICT, _UNMET, _LARGE, _MEDIA, _INVALID, _FULL),
        (_NAME, _DRY_RUN, _IF_MATCH, _IF_NONE_MATCH),
        _PATCH,
    ),
    Operation(
        "DELETE",
        "/v1/playgrounds/{name}",
        "deletePlayground",
        "Ask for its deletion; asked again, nothing changes.",
        playgrounds.delete_playground,
        (_WRITTEN, _ABSENT, _CONFLICT, _UNMET, _INVALID),
        (_NAME, _DRY_RUN, _IF_MATCH, _IF_NONE_MATCH),
    ),
    Operation(
        "GET",
        "/v1/playgrounds/{name}/events",
        "listPlaygroundEvents",
        "What happened to it; also of one that was deleted a while ago.",
        events.list_playground_events,
        (Answer(200, "The events.", {JSON: ref("EventList"), **_WATCHED}), _ABSENT, _GONE, _INVALID),
        (_NAME, _limit(events.MAX_EVENTS), _WATCH, _VERSION, _SECONDS),
    ),
    Operation(
        "GET",
        "/v1/playgrounds/{name}/log",
        "readLog",
        "What its container or its build printed; also of those that are gone, for a while.",
        logs.read_log,
        (
            Answer(200, "The log.", {TEXT: {"type": "string"}, JSON_LINES: ref("LogMessage"), SSE: {"type": "string"}}),
            _ABSENT,
            Answer(409, "The controller, which has the logs, can't be asked now.", _json("Error")),
            _INVALID,
        ),
        (
            _NAME,
            Parameter("follow", "Go on with what comes.", FLAG),
            Parameter("tail", "The last so many lines.", {"type": "integer", "minimum": 0, "maximum": logs.MAX_TAIL}),
            Parameter("since", "A moment, a duration (`10m`), or `at` of the last line that was read.", STRING),
            Parameter("previous", "Of the container before, or of its run before.", FLAG),
            Parameter("build", "Of its last image build.", FLAG),
        ),
    ),
    Operation(
        "POST",
        "/v1/playgrounds/{name}/restart",
        "restartPlayground",
        "Start the same container again.",
        playgrounds.restart_playground,
        (_ONE, _ABSENT, _CONFLICT, _INVALID),
        (_NAME,),
    ),
    Operation(
        "GET",
        "/v1/events",
        "listEvents",
        "What happened to all playgrounds, the newest last.",
        events.list_events,
        (Answer(200, "The events.", {JSON: ref("EventList"), **_WATCHED}), _GONE, _INVALID),
        (_limit(events.MAX_EVENTS), _WATCH, _VERSION, _SECONDS),
    ),
    Operation(
        "GET",
        "/v1/pluginreleases",
        "listPluginReleases",
        "The releases that playgrounds can be made from.",
        releases.list_releases,
        (Answer(200, "The list.", _json("PluginReleaseList")), _INVALID),
        (
            _limit(releases.MAX_LIMIT),
            Parameter(
                "continue",
                "`metadata.continue` of the page before.",
                {"type": "string", "pattern": "^[1-9][0-9]{0,8}$"},
            ),
        ),
    ),
    Operation(
        "POST",
        "/v1/pluginreleases",
        "uploadPluginRelease",
        "Upload an archive; its config.yaml says which release it is.",
        releases.upload_release,
        (
            Answer(201, "The release is new.", _json("PluginReleaseManifest")),
            Answer(200, "The release stands for this content now.", _json("PluginReleaseManifest")),
            _LARGE,
            _MEDIA,
            _INVALID,
            _FULL,
        ),
        (),
        _ARCHIVE,
    ),
    Operation(
        "GET",
        "/v1/pluginreleases/{release}",
        "readPluginRelease",
        "One release.",
        releases.read_release,
        (Answer(200, "The release.", _json("PluginReleaseManifest")), _ABSENT, _INVALID),
        (_RELEASE,),
    ),
    Operation(
        "DELETE",
        "/v1/pluginreleases/{release}",
        "deletePluginRelease",
        "Forget a release that no playground uses.",
        releases.delete_release,
        (Answer(200, "What it was.", _json("PluginReleaseManifest")), _ABSENT, _CONFLICT, _INVALID),
        (_RELEASE,),
    ),
    Operation(
        "GET",
        "/livez",
        "readLivez",
        "Whether the process answers.",
        health.read_livez,
        (Answer(200, "It does.", _json("Health")), _INVALID),
        public=True,
    ),
    Operation(
        "GET",
        "/readyz",
        "readReadyz",
        "Whether the records can be read.",
        health.read_readyz,
        (Answer(200, "They can.", _json("Health")), Answer(500, "They can't.", _json("Health")), _INVALID),
        public=True,
    ),
    Operation(
        "GET",
        "/metrics",
        "readMetrics",
        "Metrics for Prometheus.",
        health.read_metrics,
        (Answer(200, "Prometheus' text form.", {TEXT: {"type": "string"}}), _INVALID),
    ),
)


async def read_description(_request: Request) -> Response:
    """`GET /openapi.json`."""
    return JsonReply(DESCRIPTION)


_DESCRIBE = Operation(
    "GET",
    "/openapi.json",
    "readDescription",
    "This description.",
    read_description,
    (Answer(200, "OpenAPI 3.1.", {JSON: {"type": "object"}}), _INVALID),
    public=True,
)
ALL = (*OPERATIONS, _DESCRIBE)
DESCRIPTION = describe(ALL)
ROUTES: list[BaseRoute] = [*routes(ALL)]
