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
        "apply", "apply:apply", "Make playgrounds what manifests say: create, change, or leave them as they are.", _MAKE
    ),
    Verb(
        "create", "create:create", "Create a playground from a release or an archive, and wait until it serves.", _MAKE
    ),
    Verb("push", "plugins:push", "Pack and upload a plugin; what the server has already is not sent again.", _MAKE),
    Verb("list", "read:list_playgrounds", "List the playgrounds.", _LOOK),
    Verb("get", "get:get", "Show playgrounds: a table of many, one with its conditions, or manifests with -o.", _LOOK),
    Verb(
        "describe",
        "describe:describe",
        "Tell everything about playgrounds: spec, conditions, port, restarts, the last failure, events.",
        _LOOK,
    ),
    Verb(
        "diff",
        "diff:diff",
        "Show what apply would change. Exit code 0: nothing, 1: something, more: it could not be told.",
        _LOOK,
    ),
    Verb(
        "logs",
        "streams:logs",
        "Print what a playground's app has printed, live with -f; or its build, or its container before.",
        _LOOK,
    ),
    Verb("events", "streams:events", "Show what has happened to a playground, or to all of them.", _LOOK),
    Verb("top", "top:top", "Show what running playgrounds use now, the busiest first.", _LOOK),
    Verb("open", "opening:open_page", "Open a playground's page in the browser, and print its URL.", _LOOK),
    Verb("releases", "plugins:releases", "List the plugin releases that the server keeps.", _LOOK),
    Verb(
        "wait",
        "waiting:wait",
        "Wait until playgrounds are ready or gone; one that fails ends its wait at once, with the reason.",
        _CHANGE,
    ),
    Verb("stop", "lifecycle:stop", "Stop playgrounds; they keep their port and their record.", _CHANGE),
    Verb("start", "lifecycle:start", "Start stopped playgrounds again.", _CHANGE),
    Verb("restart", "lifecycle:restart", "Restart playgrounds in place.", _CHANGE),
    Verb(
        "delete",
        "lifecycle:delete",
        "Delete playgrounds, by name or as manifests name them; their containers and port reservations go with them.",
        _CHANGE,
    ),
    Verb("health", "server:health", "Say how the server is; exit code 1 when it is not well.", _SERVER),
    Verb(
        "doctor",
        "doctor:doctor",
        "Say what is wrong with this machine or the server, and how to mend it; exit code 1 when something is.",
        _SERVER,
    ),
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
