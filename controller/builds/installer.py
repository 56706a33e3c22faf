"""Installs a plugin's packages. Runs inside the build, on the base image's Python, with the standard library only.

    python3 installer.py PLAN.json FOLDER

PLAN.json is made by the recipe: `manager`, `options`, `requirements` (a file in FOLDER, or null), `wheels_dir`,
`wheels` (files in FOLDER), `index` (arguments of the operator), `offline`. FOLDER is where the installer runs: relative
paths in the requirements mean this folder. Only this file and the plan decide what is run; no shell is involved.

BuildKit, asked over the Engine API, takes no limits of memory, CPU or processes. So `memory` in the plan (bytes)
is set here, as a resource limit that all that is started from here inherits and cannot raise, each for itself.
"""

import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

CACHE = "/tmp/playground-cache"  # noqa: S108 - a mount point inside the build
VENV_PYTHON = "/opt/playground/venv/bin/python"
_WHEEL = re.compile(
    r"(?P<name>[^-]+)-(?P<version>[^-]+)(-[0-9][^-]*)?-(?P<python>[^-]+)-(?P<abi>[^-]+)-(?P<platform>[^-]+)\.whl"
)


def say(text: str) -> None:
    """One line into the build's log."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def supported_tags() -> frozenset[tuple[str, str, str]] | None:
    """The (python, abi, platform) tags this interpreter takes, or None when nobody here can tell."""
    try:
        from packaging.tags import sys_tags  # noqa: PLC0415 - there in the image, not in the server's own environment
    except ImportError:
        return None
    return frozenset((tag.interpreter, tag.abi, tag.platform) for tag in sys_tags())


def chosen_wheels(wheels: list[str], tags: frozenset[tuple[str, str, str]] | None) -> list[str]:
    """The wheels to install by themselves: those that fit, of projects that come in one version only.

    A project with several versions is left to the requirements, which find all wheels by their folder anyway.
    """
    versions: dict[str, set[str]] = {}
    fitting: list[tuple[str, str]] = []
    for path in wheels:
        match = _WHEEL.fullmatch(path.rpartition("/")[2])
        if match is None:
            say(f"{path} is left out: its name is no wheel's.")
            continue
        triples = {
            (python, abi, platform)
            for python in match["python"].split(".")
            for abi in match["abi"].split(".")
            for platform in match["platform"].split(".")
        }
        if tags is not None and not triples & tags:
            say(f"{path} is left out: it is for another Python or platform.")
            continue
        project = re.sub(r"[-_.]+", "-", match["name"]).lower()
        versions.setdefault(project, set()).add(match["version"])
        fitting.append((project, path))
    chosen: dict[str, str] = {}
    for project, path in fitting:
        if len(versions[project]) > 1:
            say(f"{path} is installed only if a requirement asks for it: {project} comes in several versions.")
        else:
            chosen.setdefault(project, path)
    return list(chosen.values())


def is_hashed(plan: dict[str, Any], folder: Path) -> bool:
    """Whether the requirements come with hashes: then nothing without one may be on the command line."""
    if "--require-hashes" in plan["options"]:
        return True
    name = plan["requirements"]
    return bool(name) and "--hash=" in (folder / name).read_text(encoding="utf-8", errors="replace")


def command(plan: dict[str, Any], wheels: list[str], *, has_pip: bool) -> list[str]:
    """The one command that installs everything, so that one resolution sees it all."""
    if plan["manager"] == "uv" or not has_pip:
        line = ["uv", "pip", "install", "--python", VENV_PYTHON, "--compile-bytecode"]
    else:
        line = [VENV_PYTHON, "-m", "pip", "install", "--disable-pip-version-check"]
        line += ["--progress-bar=off", "--no-input"]
    line += plan["index"]
    if plan["wheels"]:
        line += ["--find-links", plan["wheels_dir"]]
    line += plan["options"]
    if plan["offline"]:
        line.append("--no-index")
    if plan["requirements"]:
        line += ["--requirement", plan["requirements"]]
    return line + [f"./{wheel}" for wheel in wheels]


def limit_memory(most: int | None) -> None:
    """Let this process and all it starts hold that many bytes at most, each; and leave no dumps of what they held."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if most:
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def main(arguments: list[str]) -> int:
    """Installs; 0, or the installer's own exit code."""
    plan_path, folder = arguments
    plan = json.loads(Path(plan_path).read_text(encoding="utf-8"))
    limit_memory(plan.get("memory"))
    wheels = [] if is_hashed(plan, Path(folder)) else chosen_wheels(plan["wheels"], supported_tags())
    if not wheels and not plan["requirements"]:
        return 0
    pip_there = subprocess.run([VENV_PYTHON, "-m", "pip", "--version"], capture_output=True, check=False)
    has_pip = pip_there.returncode == 0
    if plan["manager"] == "pip" and not has_pip:
        say("There is no pip in the base image; uv installs instead.")
    environment = {
        **os.environ,
        "UV_LINK_MODE": "copy",  # the cache is a mount: nothing can be linked out of it
        "UV_CACHE_DIR": f"{CACHE}/uv",
        "PIP_CACHE_DIR": f"{CACHE}/pip",
        "UV_NO_PROGRESS": "1",
        "VIRTUAL_ENV": str(Path(VENV_PYTHON).parent.parent),
    }
    line = command(plan, wheels, has_pip=has_pip)
    say(f"Installing with {'uv' if line[0] == 'uv' else 'pip'} ({plan['requirements'] or 'wheels only'}).")
    code = subprocess.run(line, cwd=folder, env=environment, check=False).returncode
    if code:
        say(f"The plugin's packages could not be installed (exit code {code}); the lines above say why.")
        return code
    check = subprocess.run(
        [VENV_PYTHON, "-c", "import importlib.metadata as m; print('Gradio', m.version('gradio'))"], check=False
    )
    if check.returncode:
        say("After the installation Gradio is gone; the plugin's packages must leave it in place.")
    return check.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
