"""Alembic's entry: runs the revisions on the connection that `api.store.schema` opened and will commit."""

from alembic import context

from api.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    render_as_batch=True,  # SQLite alters a table by copying it
)

with context.begin_transaction():
    context.run_migrations()
