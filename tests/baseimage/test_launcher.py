"""The launcher finds and serves every form of page; stand-ins for gradio and uvicorn say what they were given."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

LAUNCHER = Path(__file__).parents[2] / "controller" / "baseimage" / "image" / "launcher.py"

GRADIO = """
import json, threading

class Blocks:
    def __init__(self, name="page"):
        self.name = name

    def launch(self, inline=None, share=None, prevent_thread_lock=False, server_name=None, server_port=None, *,
               auth=None, ssr_mode=None, ssl_keyfile=None):
        print(json.dumps({"launched": self.name, "at": f"{server_name}:{server_port}", "share": share, "auth": auth,
                          "ssl": ssl_keyfile}), flush=True)
        if not prevent_thread_lock:
            threading.Event().wait()

class Interface(Blocks):
    pass
"""
UVICORN = """
import json, threading

class Config:
    def __init__(self, app, host, port):
        self.said = {"launched": type(app).__name__, "at": f"{host}:{port}"}

class Server:
    def __init__(self, config):
        self.config = config

    def run(self):
        print(json.dumps(self.config.said), flush=True)
        threading.Event().wait()
"""
PAGE = "import gradio as gr\n"
ASGI = "class Application:\n    async def __call__(self, scope, receive, send): ...\n"


@dataclass
class Plugin:
    """A plugin's folder, and the launcher run in it."""

    root: Path
    stand_ins: Path

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def start(self, entrypoint: str) -> "subprocess.Popen[str]":
        env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(self.stand_ins),
            "PLAYGROUND_ENTRYPOINT": entrypoint,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return subprocess.Popen(
            [sys.executable, str(LAUNCHER)],
            cwd=self.root,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def served(self, entrypoint: str = "") -> dict[str, Any]:
        """What was launched; sees to it that it stays up until a SIGTERM, and ends then."""
        with self.start(entrypoint) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            line = process.stdout.readline()
            if not line:
                pytest.fail(f"nothing was served:\n{process.stderr.read()}")
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.2)
            process.terminate()
            assert process.wait(1) in (0, -signal.SIGTERM, 143)
            assert process.stdout.read() == "", "launched twice"
            said: dict[str, Any] = json.loads(line)
            return said

    def refused(self, entrypoint: str = "") -> str:
        """The last line of a start that fails."""
        with self.start(entrypoint) as process:
            _output, errors = process.communicate(timeout=20)
        assert process.returncode == 1, errors
        return errors.strip().splitlines()[-1]


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    stand_ins = tmp_path / "stand_ins"
    stand_ins.mkdir()
    (stand_ins / "gradio.py").write_text(GRADIO, encoding="utf-8")
    (stand_ins / "uvicorn.py").write_text(UVICORN, encoding="utf-8")
    root = tmp_path / "app"
    root.mkdir()
    return Plugin(root, stand_ins)


@pytest.mark.parametrize(
    "entrypoint",
    [
        "plugin.gradio_interface:page",
        "plugin.gradio_interface.page",
        "plugin/gradio_interface.py",
        "",
        "plugin.gradio_interface",
        "plugin.gradio_interface:missing",
        "plugin.gradio_interface.app",
        "plugin.py",
        "plugin/moved_away.py",
        "elsewhere.page:app",
    ],
)
def test_every_form_of_entry_point(plugin: Plugin, entrypoint: str) -> None:
    plugin.write("plugin/gradio_interface.py", PAGE + 'page = gr.Interface("page")\ndemo = page\n')
    assert plugin.served(entrypoint)["launched"] == "page"


def test_the_named_attribute_comes_before_the_usual_names(plugin: Plugin) -> None:
    plugin.write("plugin/gradio_interface.py", PAGE + 'demo = gr.Blocks("demo")\nother = gr.Blocks("other")\n')
    assert plugin.served("plugin.gradio_interface:other")["launched"] == "other"
    assert plugin.served("plugin.gradio_interface:app")["launched"] == "demo"


@pytest.mark.parametrize("name", ["demo", "app", "interface", "iface", "blocks", "main"])
def test_the_usual_names(plugin: Plugin, name: str) -> None:
    plugin.write("plugin/gradio_interface.py", PAGE + f'{name} = gr.Blocks("{name}")\n')
    assert plugin.served()["launched"] == name


def test_a_nested_attribute(plugin: Plugin) -> None:
    plugin.write("pages.py", PAGE + "class Holder: pass\nholder = Holder()\nholder.ui = gr.Blocks('nested')\n")
    assert plugin.served("pages:holder.ui")["launched"] == "nested"


SCRIPT = 'if __name__ == "__main__":\n    '
FORMS = {
    "guarded": f'demo = gr.Blocks()\n{SCRIPT}demo.launch(server_name="127.0.0.1", server_port=1)\n',
    "launched at import": 'demo = gr.Blocks()\ndemo.launch(server_name="127.0.0.1", server_port=9999, share=True)\n',
    "launched at import, not blocking": "demo = gr.Blocks()\ndemo.launch(prevent_thread_lock=True, server_port=5)\n",
    "by position": 'gr.Blocks().launch(True, True, False, "localhost", 80)\n',
    "a function that returns it": "def demo():\n    return gr.Blocks()\n",
    "a function that launches it": "def main(argv=()):\n    gr.Blocks().launch(server_port=12)\n",
    "odd name, guarded": 'ui = gr.Blocks()\nif __name__ == "__main__":\n    ui.launch()\n',
    "odd name, never launched": "ui = gr.Blocks()\n",
    "made only as a script": 'if __name__ == "__main__":\n    ui = gr.Blocks()\n    ui.launch()\n',
    "a word in the way": f'app = "a name"\ndef main(needed): ...\nui = gr.Blocks()\n{SCRIPT}ui.launch()\n',
    "with TLS": 'gr.Blocks().launch(ssl_keyfile="key.pem")\n',
}


@pytest.mark.parametrize("form", FORMS)
def test_every_way_to_launch_ends_at_our_address(plugin: Plugin, form: str) -> None:
    plugin.write("plugin/gradio_interface.py", PAGE + FORMS[form])
    said = plugin.served("plugin.gradio_interface.app")
    assert said == {"launched": "page", "at": "0.0.0.0:7860", "share": False, "auth": None, "ssl": None}


def test_what_the_page_may_choose_is_kept(plugin: Plugin) -> None:
    plugin.write("plugin/gradio_interface.py", PAGE + 'gr.Blocks().launch(auth=["me", "secret"])\n')
    assert plugin.served()["auth"] == ["me", "secret"]


@pytest.mark.parametrize("value", ["Application()", "None", "42"], ids=["ASGI", "nothing", "a number"])
def test_an_asgi_application_is_served_by_uvicorn(plugin: Plugin, value: str) -> None:
    rest = "" if value == "Application()" else "demo = Application()\n"
    plugin.write("plugin/gradio_interface.py", f"{ASGI}app = {value}\n{rest}")
    assert plugin.served("plugin.gradio_interface:app") == {"launched": "Application", "at": "0.0.0.0:7860"}


def test_relative_imports_neighbours_and_odd_file_names(plugin: Plugin) -> None:
    plugin.write("plugin/words.py", 'WORD = "words"\n')
    plugin.write("plugin/gradio_interface.py", PAGE + "from .words import WORD\ndemo = gr.Blocks(WORD)\n")
    plugin.write(
        "pages/as-script.py", PAGE + "import neighbour\nif __name__ == '__main__':\n    neighbour.ui.launch()\n"
    )
    plugin.write("pages/neighbour.py", PAGE + 'ui = gr.Blocks("neighbour")\n')
    assert plugin.served()["launched"] == "words"
    assert plugin.served("pages/as-script.py")["launched"] == "neighbour"


FAILURES = {
    "a missing module": (
        "import torch_of_the_future\n",
        "the module torch_of_the_future is missing, imported at plugin/gradio_interface.py line 2: "
        "add its package to requirements.txt.",
    ),
    "an error": (
        'def load():\n    raise ValueError("no weights\\nhere")\nload()\n',
        "the plugin raised ValueError (no weights here) at plugin/gradio_interface.py line 3.",
    ),
    "a syntax error": ("def (:\n", "SyntaxError"),
    "an end": (
        "import sys\nsys.exit(0)\n",
        "the plugin ended by itself (exit code 0) at plugin/gradio_interface.py line 3",
    ),
    "no page": ("x = 1\n", "plugin/gradio_interface.py has no Gradio page"),
    "several": ("a = gr.Blocks()\nb = gr.Blocks()\n", "defines several Gradio pages (a, b) and launches none"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_ends_with_one_line_that_says_what_and_where(plugin: Plugin, failure: str) -> None:
    source, words = FAILURES[failure]
    plugin.write("plugin/gradio_interface.py", PAGE + source)
    last = plugin.refused("plugin/gradio_interface.py")
    assert last.startswith("playground: cannot start: ")
    assert words in last


@pytest.mark.parametrize("entrypoint", ["", "plugin.gradio_interface:app", "plugin/gradio_interface.py"])
def test_no_page_at_all_names_what_was_looked_for(plugin: Plugin, entrypoint: str) -> None:
    assert "plugin" in plugin.refused(entrypoint)
    assert str(plugin.root) in plugin.refused(entrypoint)


def test_an_image_without_gradio_says_so(plugin: Plugin) -> None:
    (plugin.stand_ins / "gradio.py").write_text("import a_part_of_gradio\n", encoding="utf-8")
    assert "this image lacks a_part_of_gradio" in plugin.refused()
