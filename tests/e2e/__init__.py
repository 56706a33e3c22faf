"""The whole road: real processes, a real engine, real Gradio, asked through the SDK and the command line."""
