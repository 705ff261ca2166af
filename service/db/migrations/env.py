"""Alembic's entry; the connection comes from ``service.db.migrate``, and ``alembic`` is never called by hand.

Imports no model: a migration says all by itself, so that it means the same when the models have moved on.
"""

from alembic import context
from sqlalchemy import Connection

connection: Connection = context.config.attributes["connection"]
# SQLite can undo DDL too, as our engine says BEGIN itself: a migration that fails half-way leaves nothing.
context.configure(connection=connection, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
