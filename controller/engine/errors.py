"""What can go wrong at the engine, translated once, here; nobody outside this package catches docker's own errors.

    EngineError                     anything the engine, or the way to it, answered with
    ├── EngineUnavailable           no answer or a broken one: nothing is known, try again later (retryable)
    │   └── EngineFailed            a 5xx: it answers, and could not do it; what it left behind has to be looked at
    ├── EngineRefused               the request is wrong and will be wrong again: a person must change it (terminal)
    ├── NotFound                    the container, image or network is not there
    ├── NameConflict                the name belongs to another container: look again, it may be our own
    ├── PortTaken                   the host port is held by another container or by a process of the host
    ├── NetworkGone                 the network of a container is gone: it cannot be started, only be made anew
    ├── ImageMissing                the image of a create is not on this engine
    ├── ImageBuildFailed            the build ran and failed; carries the reason and the last lines of its log
    ├── BuildCancelled              the build was ended because we asked for it
    └── BuildTimedOut               the build was ended because its deadline passed

``EngineUnavailable`` is never the same as ``NotFound``: what could not be seen is unknown, not absent.
"""

from collections.abc import Sequence


class EngineError(Exception):
    """Base of everything raised by ``controller.engine``; its text is a sentence for people."""


class EngineUnavailable(EngineError):
    """No answer or a broken one: the state is unknown. Retry later, with back-off."""


class EngineFailed(EngineUnavailable):
    """The engine answered a 5xx. For what was asked to be seen that is unknown; for an effect it is a failure."""


class EngineRefused(EngineError):
    """The engine understood the request and refuses it (4xx): repeating it changes nothing."""


class NotFound(EngineError):
    """The thing asked about is not on the engine."""


class NameConflict(EngineError):
    """Another container has this name already; after a lost reply that may be our own."""


class PortTaken(EngineError):
    """The host port cannot be bound: another container or a process of the host holds it."""


class NetworkGone(EngineError):
    """A container cannot be started because its network is gone; one of the same name does not do."""


class ImageMissing(EngineError):
    """A container cannot be created because its image is not on this engine."""


class _WithLog(EngineError):
    """An end of a build that keeps what the build had printed."""

    def __init__(self, reason: str, log_tail: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.log_tail: tuple[str, ...] = tuple(log_tail)


class ImageBuildFailed(_WithLog):
    """The build failed on its own account: ``reason`` in a sentence, ``log_tail`` the last 100 lines (a LogTail)."""


class BuildCancelled(_WithLog):
    """The build was ended on request."""


class BuildTimedOut(_WithLog):
    """The build did not end before its deadline and was ended."""
