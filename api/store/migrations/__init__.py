"""The database's schema, step by step: Alembic's environment and the revisions. Run by `api.store.schema`."""
