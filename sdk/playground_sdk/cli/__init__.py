"""The command line ``playground``, behind the extra ``cli`` (typer and rich).

``app`` is the table of verbs and what they share; each verb lives in a module of its group and is imported when it is
called. Verbs speak to a server through the SDK alone: there is nothing here that a program could not do.
"""

import sys
from importlib import import_module

__all__ = ["main"]

_EXTRA = frozenset({"typer", "rich"})


def main() -> None:
    """Run the command line and end the process with its exit code (see :mod:`playground_sdk.cli.failures`)."""
    try:
        app = import_module("playground_sdk.cli.app")
    except ModuleNotFoundError as exc:
        if (exc.name or "").partition(".")[0] not in _EXTRA:
            raise
        sys.exit("The command line needs an extra that is not installed: pip install 'playground-sdk[cli]'")
    app.run()
