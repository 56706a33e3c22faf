"""The loop and what it is made of, with small stand-ins for the engine."""
