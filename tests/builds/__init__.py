"""What is built from a plugin: the generated text, the context, and real images."""
