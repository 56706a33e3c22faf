"""The HTTP API: it writes and reads records and archives, and never talks to Docker."""
