"""The plugin's package; its page is in gradio_interface."""
