"""What is shipped for running the server: the API has no right on the engine, and works."""
