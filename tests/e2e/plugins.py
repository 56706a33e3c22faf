"""Plugins as archives: the example that is shipped, that example changed, and plugins that go wrong."""

import uuid
import zipfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HELLO = ROOT / "manifests" / "plugins" / "hello-gradio"
PAGE = "plugin/gradio_interface.py"
LONG_AGO = (1999, 12, 31, 23, 59, 58)
LATER = (2021, 6, 5, 4, 3, 2)

SLOW_INSTALL_S = 4
_SLOW_BACKEND = f"""import time

def build_wheel(folder, config=None, metadata=None):
    time.sleep({SLOW_INSTALL_S})
    import base64, pathlib, zipfile
    name = "slow_lib-1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        info = "slow_lib-1.0.dist-info"
        wheel.writestr(f"{{info}}/METADATA", "Metadata-Version: 2.1\\nName: slow_lib\\nVersion: 1.0\\n")
        wheel.writestr(f"{{info}}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{{info}}/RECORD", "")
    return name
"""


def slow_to_install() -> dict[str, str]:
    """Files that make a plugin's image take SLOW_INSTALL_S seconds more, without any network; never the same twice."""
    return {
        "requirements.txt": "./lib\n",
        "lib/pyproject.toml": (
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
            '[project]\nname = "slow_lib"\nversion = "1.0"\n'
        ),
        "lib/backend.py": f"# no layer of an earlier build is this one: {uuid.uuid4()}\n{_SLOW_BACKEND}",
    }


RAISES_AT_IMPORT = {PAGE: 'print("about to break")\nraise RuntimeError("the weights are not there")\n'}
NEVER_LISTENS = {PAGE: 'import threading\n\nprint("thinking about it", flush=True)\nthreading.Event().wait()\n'}


def pack(path: Path, files: Mapping[str, str], date: tuple[int, int, int, int, int, int] = LATER) -> Path:
    """A ZIP archive with these files, all with the same time stamp."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, date), text)
    return path


def hello(code: str | None = None, changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """The files of the shipped example, under another code and with other files over its own."""
    files = {
        found.relative_to(HELLO).as_posix(): found.read_text()
        for found in sorted(HELLO.rglob("*"))
        if found.is_file() and "__pycache__" not in found.parts
    }
    if code is not None:
        assert "code: hello-gradio" in files["config.yaml"]
        files["config.yaml"] = files["config.yaml"].replace("code: hello-gradio", f"code: {code}")
    return {**files, **(changes or {})}
