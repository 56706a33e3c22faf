"""The store's tests: each one on SQLite and on PostgreSQL."""
