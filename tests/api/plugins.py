"""Plugin archives for the tests."""

import io
import zipfile
from collections.abc import Mapping

CONFIG = """\
code: "{code}"
name: My plugin
version: "{version}"
env:
  FROM_CONFIG: "yes"
actions:
  gradio:
    entrypoint: plugin.gradio_interface.app
    method: job
"""
PAGE = "import gradio as gr\n\ndemo = gr.Interface(fn=str, inputs='text', outputs='text')\n"


def archive(files: dict[str, str | bytes]) -> bytes:
    """A ZIP of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for path, content in files.items():
            made.writestr(path, content)
    return buffer.getvalue()


def plugin(
    code: str = "my-plugin",
    version: str = "1.0.0",
    *,
    page: str = PAGE,
    others: Mapping[str, str | bytes] | None = None,
) -> bytes:
    """A whole plugin: config.yaml, the page, and what else is given."""
    return archive(
        {
            "config.yaml": CONFIG.format(code=code, version=version),
            "plugin/gradio_interface.py": page,
            **(others or {}),
        }
    )
