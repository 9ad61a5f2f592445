"""Run by Alembic: the connection, its transaction and its lock come from catalogue.migrate."""

from alembic import context

from catalogue.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
