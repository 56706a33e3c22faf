"""The client of the Playground: what a user imports.

    from playground_sdk import AgentClient

    client = AgentClient(host="http://127.0.0.1:8000", token="…")
    playground = client.create_container("hello-gradio@1.0.0", plugin_file="hello-gradio.zip")
    print(playground["endpoint"])

    client.playgrounds.apply(manifest)          # the declarative calls
    client.playgrounds.wait("hello-gradio")

The library needs ``requests`` and nothing else, and knows no code of the server. Names are loaded
when they are first used, so that importing the package (which the command line does to print its
help) costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playground_sdk.client import AgentClient
    from playground_sdk.containers import ContainerClientMixin
    from playground_sdk.declarative import Applied, Difference, Playgrounds
    from playground_sdk.docker_containers import DockerContainerClientMixin
    from playground_sdk.errors import (
        ApiError,
        AuthenticationError,
        BuildCancelledError,
        BuildError,
        BuildFailedError,
        ClientError,
        ConflictError,
        ConnectionFailedError,
        NotFoundError,
        PermissionDeniedError,
        PlaygroundError,
        RateLimitError,
        RequestTimeoutError,
        ServerError,
        StartFailedError,
        TransportError,
        UnexpectedReplyError,
        UploadError,
        ValidationError,
        WaitTimeoutError,
    )
    from playground_sdk.models import Build, Condition, Container, EventRecord, Page, Usage
    from playground_sdk.objects import Playground, PlaygroundStatus, ReleaseRecord, ResourceCondition, ResourceEvent
    from playground_sdk.plugin_store import PluginStore, Pushed
    from playground_sdk.readiness import Awaited
    from playground_sdk.releases import PluginRelease, PluginReleaseClientMixin
    from playground_sdk.wait import Progress
    from playground_sdk.watching import Change

__all__ = [
    "AgentClient",
    "ApiError",
    "Applied",
    "AuthenticationError",
    "Awaited",
    "Build",
    "BuildCancelledError",
    "BuildError",
    "BuildFailedError",
    "Change",
    "ClientError",
    "Condition",
    "ConflictError",
    "ConnectionFailedError",
    "Container",
    "ContainerClientMixin",
    "Difference",
    "DockerContainerClientMixin",
    "EventRecord",
    "NotFoundError",
    "Page",
    "PermissionDeniedError",
    "Playground",
    "PlaygroundError",
    "PlaygroundStatus",
    "Playgrounds",
    "PluginRelease",
    "PluginReleaseClientMixin",
    "PluginStore",
    "Progress",
    "Pushed",
    "RateLimitError",
    "ReleaseRecord",
    "RequestTimeoutError",
    "ResourceCondition",
    "ResourceEvent",
    "ServerError",
    "StartFailedError",
    "TransportError",
    "UnexpectedReplyError",
    "UploadError",
    "Usage",
    "ValidationError",
    "WaitTimeoutError",
]

_ELSEWHERE = {
    "AgentClient": "client",
    "Applied": "declarative",
    "Awaited": "readiness",
    "Build": "models",
    "Change": "watching",
    "Condition": "models",
    "Container": "models",
    "ContainerClientMixin": "containers",
    "Difference": "declarative",
    "DockerContainerClientMixin": "docker_containers",
    "EventRecord": "models",
    "Page": "models",
    "Usage": "models",
    "Playground": "objects",
    "PlaygroundStatus": "objects",
    "Playgrounds": "declarative",
    "PluginRelease": "releases",
    "PluginReleaseClientMixin": "releases",
    "PluginStore": "plugin_store",
    "Progress": "wait",
    "Pushed": "plugin_store",
    "ReleaseRecord": "objects",
    "ResourceCondition": "objects",
    "ResourceEvent": "objects",
}


def __getattr__(name: str) -> object:
    """Load a public name on first use (PEP 562); whatever is not listed elsewhere is an exception.

    Raises:
        AttributeError: the package has no such name.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
