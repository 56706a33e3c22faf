"""What a playground cannot do, whoever wrote it; and what nobody can do to the server."""
