"""Alembic's entry: runs the migrations on the connection that `app.ledger.migrate` opened and holds a lock on."""

from alembic import context

from app.ledger.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
