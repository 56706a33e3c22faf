#!/usr/bin/env bash
# Writes the lock files anew: every version pinned, every file by its hash, no index and no download address named.
# Arguments go to uv, e.g. `requirements/compile.sh --upgrade`.
set -euo pipefail
cd "$(dirname "$0")/.."
export UV_CUSTOM_COMPILE_COMMAND="requirements/compile.sh"
lock() {
  .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate "$@"
}
lock "$@" pyproject.toml sdk/pyproject.toml --extra cli --group dev -o requirements/dev.lock
lock "$@" pyproject.toml -o requirements/server.lock
lock "$@" requirements/bootstrap.in -o requirements/bootstrap.lock
lock "$@" requirements/bench-jupyterhub.in -o requirements/bench-jupyterhub.lock
lock "$@" controller/baseimage/image/requirements.in -o controller/baseimage/image/requirements.lock
