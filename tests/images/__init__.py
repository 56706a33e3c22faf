"""Images that only the tests need: a tiny web server that misbehaves on request, and PostgreSQL."""
