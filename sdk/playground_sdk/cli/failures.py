"""How a failure ends: an exit code, the error in a sentence, and what to do next.

The codes: 0 ok, 1 failed or differs, 2 usage, 3 not found, 4 conflict, 5 auth, 124 time-out, 130 interrupted.
"""

from dataclasses import dataclass

from playground_sdk.errors import (
    AuthenticationError,
    BuildError,
    ConflictError,
    ConnectionFailedError,
    NotFoundError,
    PermissionDeniedError,
    PlaygroundError,
    RequestTimeoutError,
    ServerError,
    StartFailedError,
    WaitTimeoutError,
)
from playground_sdk.manifests.documents import ManifestError

__all__ = ["FAILED", "Failure", "UsageFailure", "explain"]

_VALIDATE = "playground validate -f FILE"
FAILED, USAGE, NOT_FOUND, CONFLICT, NOT_ALLOWED, TIMED_OUT, INTERRUPTED = 1, 2, 3, 4, 5, 124, 130


class UsageFailure(Exception):
    """The command line asks for something that can't be: the message says what, and how to write it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What is printed to stderr (nothing, where it is empty), and the exit code."""

    exit_code: int
    text: str


# First match; the more special class stands above the more general one.
_RULES: tuple[tuple[type[BaseException], int, str], ...] = (
    (UsageFailure, USAGE, ""),
    (
        AuthenticationError,
        NOT_ALLOWED,
        "Give the server's token with --token or PLAYGROUND_TOKEN; it is in the file "
        "'token' of the server's data folder.",
    ),
    (PermissionDeniedError, NOT_ALLOWED, "This token may not do that: ask whoever runs the server."),
    (NotFoundError, NOT_FOUND, "See what there is with: playground list"),
    (ConflictError, CONFLICT, "See how it is now with: playground get NAME"),
    (WaitTimeoutError, TIMED_OUT, "It goes on without you: see playground get NAME, or wait longer with --timeout."),
    (RequestTimeoutError, TIMED_OUT, "See how the server is with: playground health"),
    (BuildError, FAILED, "Mend the plugin and create it again; playground events NAME shows what happened."),
    (StartFailedError, FAILED, "See why with: playground logs NAME, and playground events NAME"),
    (
        ConnectionFailedError,
        FAILED,
        "Start a server with 'playground-server run', or name another with --server or PLAYGROUND_SERVER.",
    ),
    (ServerError, FAILED, "The server's log says more; playground health shows how it is."),
    (PlaygroundError, FAILED, ""),
    (ManifestError, FAILED, ""),
    (KeyboardInterrupt, INTERRUPTED, ""),
    # The SDK's own checks of arguments.
    (FileNotFoundError, USAGE, ""),
    (IsADirectoryError, USAGE, ""),
    (NotADirectoryError, USAGE, ""),
)


def explain(exc: BaseException) -> Failure | None:
    """Name the failure behind an exception; None when it is none of ours (a bug, which keeps its traceback)."""
    for kind, exit_code, hint in _RULES:
        if isinstance(exc, kind):
            if isinstance(exc, KeyboardInterrupt):
                return Failure(exit_code, "Interrupted; what was asked of the server goes on there.")
            if isinstance(exc, ManifestError):
                return Failure(exit_code, f"{exc}\nNothing was applied; mend the above, and check with: {_VALIDATE}")
            return Failure(exit_code, f"Error: {exc}" + (f"\n{hint}" if hint else ""))
    return None
