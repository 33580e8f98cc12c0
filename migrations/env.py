"""Alembic runs inside ``odis_app.core.migrate.upgrade``, which hands over an open connection and the installation's keys."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=None, transaction_per_migration=True, version_table_schema="public"
)
with context.begin_transaction():
    connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
    context.run_migrations()
