"""The verb that starts a plugin: init."""

import re
from pathlib import Path
from typing import Annotated

import typer

from playground_sdk.cli.failures import UsageFailure
from playground_sdk.cli.output import Output
from playground_sdk.cli.session import options_of

__all__ = ["init"]

_CONFIG = """\
code: {code}
name: {title}
version: 0.1.0
category: custom

actions:
  gradio:
    entrypoint: plugin.gradio_interface.demo
    method: job
"""
_PAGE = '''\
"""The page of {title}."""

import json
import os

import gradio as gr

# What the manifest's spec.params says.
params = json.loads(os.environ.get("PLUGIN_PARAMS") or "{{}}")
greeting = params.get("greeting", "Hello")


def predict(name: str) -> str:
    """Answer one input: call your model here."""
    return f"{{greeting}}, {{name.strip() or 'world'}}!"


demo = gr.Interface(
    fn=predict,
    inputs=gr.Textbox(label="Name"),
    outputs=gr.Textbox(label="Greeting"),
    title="{title}",
    api_name="predict",
    flagging_mode="never",
)

if __name__ == "__main__":
    demo.launch()
'''
_MANIFEST = """\
# Apply it with: playground apply -f {name}.yaml --wait
apiVersion: playground/v1
kind: Playground
metadata:
  name: {name}
spec:
  plugin:
    archive: ./{folder}    # packed and uploaded by apply
  params:
    greeting: Hello
"""
_REQUIREMENTS = "# Gradio is in the base image; list here only what your plugin needs besides.\n"


def init(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The new plugin's folder.", show_default=False)],
    *,
    code: Annotated[
        str | None, typer.Option(metavar="CODE", help="The plugin's code; the folder's name unless given.")
    ] = None,
) -> None:
    """Start a plugin: a folder that serves a page as it is, and a manifest beside it.

    Nothing that is there is overwritten.
    """
    out = Output(quiet=options_of(ctx).quiet)
    folder = Path(str(folder).rstrip("/") or ".")
    label = folder.resolve().name
    name = re.sub(r"[^a-z0-9]+", "-", (code or label).lower()).strip("-")[:63].strip("-")
    if not name:
        raise UsageFailure(f"{label!r} makes no name: give one with --code, of letters and digits.")
    title = name.replace("-", " ").capitalize()
    manifest = folder.resolve().parent / f"{name}.yaml"
    files = {
        folder / "config.yaml": _CONFIG.format(code=code or name, title=title),
        folder / "requirements.txt": _REQUIREMENTS,
        folder / "plugin" / "__init__.py": "",
        folder / "plugin" / "gradio_interface.py": _PAGE.format(title=title),
        manifest: _MANIFEST.format(name=name, folder=label),
    }
    there = [str(path) for path in files if path.exists()]
    if there:
        raise UsageFailure(f"{', '.join(there)} is there already, and is left as it is; choose another folder.")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in files:
        out.note(f"wrote {path}")
    shown = manifest if manifest.parent != Path.cwd() else Path(manifest.name)
    out.line(f"playground apply -f {shown} --wait")
