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


VERBS = (
    Verb(
        "create", "create:create", "Create a playground from a release or an archive, and wait until it serves.", "Make"
    ),
    Verb("list", "read:list_playgrounds", "List the playgrounds.", "Look"),
    Verb("get", "read:get", "Show one playground with its conditions.", "Look"),
    Verb("logs", "read:logs", "Print the last lines a playground's app has printed.", "Look"),
    Verb("events", "read:events", "Show what has happened to a playground.", "Look"),
    Verb("stop", "lifecycle:stop", "Stop playgrounds; they keep their port and their record.", "Change"),
    Verb("start", "lifecycle:start", "Start stopped playgrounds again.", "Change"),
    Verb("restart", "lifecycle:restart", "Restart playgrounds in place.", "Change"),
    Verb("delete", "lifecycle:delete", "Delete playgrounds, their containers and their port reservations.", "Change"),
    Verb("health", "server:health", "Say how the server is; exit code 1 when it is not well.", "Server"),
    Verb("version", "server:version", "Print the version of this command.", "Server"),
)
