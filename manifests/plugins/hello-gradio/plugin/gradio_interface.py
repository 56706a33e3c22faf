"""A page that greets. ``params={"greeting": "Servus", "punctuation": "."}`` changes how."""

import json
import os

import gradio as gr

params = json.loads(os.environ.get("PLUGIN_PARAMS") or "{}")
greeting = params.get("greeting", "Hello")
punctuation = params.get("punctuation", "!")


def greet(name: str) -> str:
    """Greet whoever is named."""
    return f"{greeting}, {name.strip() or 'world'}{punctuation}"


demo = gr.Interface(
    fn=greet,
    inputs=gr.Textbox(label="Name", placeholder="world"),
    outputs=gr.Textbox(label="Greeting"),
    title="Hello from a plugin",
    api_name="greet",
    flagging_mode="never",
)

if __name__ == "__main__":
    demo.launch()
