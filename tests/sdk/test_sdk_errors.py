"""Each kind of failure has a class of its own, the server's sentence, and the parsed body."""

import pytest

from playground_sdk import (
    AgentClient,
    ApiError,
    AuthenticationError,
    BuildError,
    BuildFailedError,
    ClientError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PlaygroundError,
    RateLimitError,
    ServerError,
    ValidationError,
    errors,
)
from playground_sdk.errors import api_error
from tests.sdk.recorder import Agent, Reply


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ValidationError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (410, ClientError),
        (413, ClientError),
        (418, ClientError),
        (422, ValidationError),
        (429, RateLimitError),
        (500, ServerError),
        (507, ServerError),
    ],
)
def test_a_class_for_each_status(agent: Agent, client: AgentClient, status: int, kind: type[ApiError]) -> None:
    agent.answers(Reply(status, {"detail": "The port range is used up."}))
    with pytest.raises(PlaygroundError) as caught:
        client.create_container("a@1")
    assert type(caught.value) is kind
    assert caught.value.status_code == status
    assert caught.value.detail == {"detail": "The port range is used up."}
    assert str(caught.value) == f"The port range is used up. ({status} to POST /containers/)"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            {"detail": [{"loc": ["body", "params", "size"], "msg": "must be a number", "type": "int", "input": "x"}]},
            "params.size: must be a number",
        ),
        ({"detail": [{"loc": [], "msg": "one"}, {"loc": ["model"], "msg": "two"}]}, "one; model: two"),
        ({"type": "about:blank", "title": "Gone", "detail": "It was deleted."}, "It was deleted."),
        ({"title": "Gone"}, "Gone"),
        ({"model": ["must be a number"]}, "model: must be a number"),
        ("plain\n text", "plain text"),
        (None, "The server gave no reason"),
        ({}, "The server gave no reason"),
    ],
)
def test_any_shape_of_body_becomes_a_sentence(body: object, sentence: str) -> None:
    error = api_error(422, body, "POST /containers/")
    assert error.message == sentence
    assert error.detail == body


def test_a_body_that_is_no_json_is_kept_as_text(agent: Agent, client: AgentClient) -> None:
    agent.answers(Reply(500, raw=b"Internal Server Error"))
    with pytest.raises(ServerError, match="Internal Server Error") as caught:
        client.get_container("a")
    assert caught.value.detail == "Internal Server Error"


def test_a_failed_build_carries_reason_and_log() -> None:
    text = "pip could not install the requirements.\nERROR: No matching distribution\nexit code 1"
    error = BuildFailedError({"status": "failed", "error": text}, "b1")
    assert error.reason == "pip could not install the requirements."
    assert error.log_lines == ("ERROR: No matching distribution", "exit code 1")
    assert error.error == text
    assert text in str(error)
    assert isinstance(error, BuildError)


def test_a_failed_build_without_a_reason_still_says_something() -> None:
    assert "no reason" in str(BuildFailedError({"status": "failed"}, "b1"))


def test_the_tree_in_the_docstring_names_every_class() -> None:
    assert errors.__doc__ is not None
    for name in errors.__all__:
        if name.endswith("Error"):
            assert name in errors.__doc__
            assert issubclass(getattr(errors, name), PlaygroundError)
