"""Runs `playground` against a test's server, with more time than most tests need."""

import subprocess

from tests.e2e.server import BIN, Server

LIMIT_S = 600


def playground(server: Server, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """`playground ARGUMENTS` on the machine of the server."""
    return subprocess.run(
        [str(BIN / "playground"), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        env=environment(server),
    )


def environment(server: Server) -> dict[str, str]:
    """What the command finds: the server's address, and the folder where its token lies."""
    own = {"PLAYGROUND_SERVER": server.url, "PLAYGROUND_DATA_DIR": str(server.data_dir), "COLUMNS": "200"}
    return {**server.environment, **own}


def ok(server: Server, *arguments: str, stdin: str | None = None) -> str:
    """What a command prints; its exit code has to be 0."""
    done = playground(server, *arguments, stdin=stdin)
    assert done.returncode == 0, f"playground {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout
