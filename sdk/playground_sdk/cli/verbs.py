"""The table of verbs: where each is defined, and its line in the help.

A new verb is a function in a module of its group, and a line here. The help line is the first line of the function's
docstring, written down again so that ``--help`` imports no verb; a test holds the two equal.
"""

from dataclasses import dataclass

__all__ = ["VERBS", "Verb"]


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb: its name, ``module:function`` below ``playground_sdk.cli``, its help line, and its group's title."""

    name: str
    target: str
    summary: str
    group: str


_MAKE, _LOOK, _CHANGE, _SERVER, _HELP = "Make", "Look", "Change", "Server", "Help"

VERBS = (
    Verb(
        "init",
        "skeleton:init",
        "Start a plugin: a folder that serves a page as it is, and a manifest beside it.",
        _MAKE,
    ),
    Verb(
        "create", "create:create", "Create a playground from a release or an archive, and wait until it serves.", _MAKE
    ),
    Verb("list", "read:list_playgrounds", "List the playgrounds.", _LOOK),
    Verb("get", "read:get", "Show one playground with its conditions.", _LOOK),
    Verb("logs", "read:logs", "Print the last lines a playground's app has printed.", _LOOK),
    Verb("events", "read:events", "Show what has happened to a playground.", _LOOK),
    Verb("stop", "lifecycle:stop", "Stop playgrounds; they keep their port and their record.", _CHANGE),
    Verb("start", "lifecycle:start", "Start stopped playgrounds again.", _CHANGE),
    Verb("restart", "lifecycle:restart", "Restart playgrounds in place.", _CHANGE),
    Verb("delete", "lifecycle:delete", "Delete playgrounds, their containers and their port reservations.", _CHANGE),
    Verb("health", "server:health", "Say how the server is; exit code 1 when it is not well.", _SERVER),
    Verb("config", "config:config", "Name servers and choose which one is spoken to.", _SERVER),
    Verb(
        "validate",
        "offline:validate",
        "Check manifests without a server; exit code 1 when something is wrong.",
        _HELP,
    ),
    Verb(
        "explain",
        "offline:explain",
        "Say what a field of a manifest means, of which type it is, and what is in it.",
        _HELP,
    ),
    Verb(
        "completion",
        "completion:completion",
        "Print the script that makes your shell complete verbs and options.",
        _HELP,
    ),
    Verb("version", "server:version", "Print the version of this command.", _HELP),
)
