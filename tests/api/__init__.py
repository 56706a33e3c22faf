"""The HTTP API: over a real store, in process where that is enough, over a socket where bytes matter."""
