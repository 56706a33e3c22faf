"""The whole road: a real server as processes, a real engine, real Gradio, asked through the SDK and the command line."""
