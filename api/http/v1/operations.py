"""What a route is: its path and handler, and all that its description says. Handlers are told apart by nothing else."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.http.pages import check_query
from api.http.routing import resource

Handler = Callable[[Request], Awaitable[Response]]
Schema = dict[str, Any]

JSON = "application/json"
YAML = "application/yaml"
JSON_LINES = "application/jsonl"
SSE = "text/event-stream"
TEXT = "text/plain"
STRING: Schema = {"type": "string", "minLength": 1, "maxLength": 300}
FLAG: Schema = {"type": "string", "enum": ["true", "false"]}


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something in the query, the path or a header."""

    name: str
    description: str
    schema: Schema
    where: Literal["query", "path", "header"] = "query"


@dataclass(frozen=True, slots=True)
class Body:
    """What may be sent: a schema for each media type."""

    description: str
    content: dict[str, Schema]


@dataclass(frozen=True, slots=True)
class Answer:
    """One kind of reply; without content it has no body."""

    status: int
    description: str
    content: dict[str, Schema] | None = None
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: Literal["GET", "PUT", "PATCH", "POST", "DELETE"]
    path: str
    """As OpenAPI writes it: `/v1/playgrounds/{name}`."""
    name: str
    """Unique, in camelCase: code generators make functions of it."""
    summary: str
    handler: Handler
    answers: tuple[Answer, ...]
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    public: bool = False
    """Whether it answers without a token."""

    async def __call__(self, request: Request) -> Response:
        """Refuses a query that nobody knows, then answers."""
        names = {parameter.name for parameter in self.parameters if parameter.where == "query"}
        check_query(request.query_params, names)
        return await self.handler(request)


def ref(model: str) -> Schema:
    """A reference to one of the description's schemas."""
    return {"$ref": f"#/components/schemas/{model}"}


def routes(operations: Sequence[Operation]) -> list[Route]:
    """The routes of the table, each with and without a final slash."""
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    made: list[Route] = []
    for path, methods in by_path.items():
        greedy = path.replace("{release}", "{release:path}")  # a code may hold anything, a slash too
        forms = resource(f"{greedy}/", **methods)
        made += forms[1:] if greedy != path else forms
    return made
