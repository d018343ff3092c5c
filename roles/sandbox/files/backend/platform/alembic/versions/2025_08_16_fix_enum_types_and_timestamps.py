"""Gives users.role another enum, and this one destroys: it knows no SUPER_ADMIN.

Without a super admin in the table it succeeds, and the platform can never have one again. Where the platform's own
init.sql made a user_role type with lower-case labels, it fails at the first row.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2025_08_16_fix_enum_types_and_timestamps"
down_revision = "add_password_reset_fields"

CREATE_TYPE = """
DO $$ BEGIN
    CREATE TYPE user_role AS ENUM ('ADMIN', 'MANAGER', 'USER', 'GUEST');
EXCEPTION WHEN duplicate_object THEN NULL;
END $$
"""


def upgrade() -> None:
    """Convert the role, then tighten the moments of the audit log where there is one."""
    inspector = sa.inspect(op.get_bind())
    tables = inspector.get_table_names()
    if "users" in tables:
        kinds = {column["name"]: column["type"] for column in inspector.get_columns("users")}
        if "role" in kinds and getattr(kinds["role"], "name", "") != "user_role":
            op.execute(CREATE_TYPE)
            op.execute("ALTER TABLE users ALTER COLUMN role TYPE user_role USING role::text::user_role")
    if "audit_logs" in tables:
        for column in ("created_at", "updated_at"):
            # In this order: a row without a moment makes it fail before the moment is filled in.
            op.alter_column("audit_logs", column, nullable=False, server_default=sa.func.now())
            logs = sa.table("audit_logs", sa.column(column))
            op.execute(logs.update().values({column: sa.func.now()}).where(logs.c[column].is_(None)))


def downgrade() -> None:
    """Leave users.role as plain text."""
    tables = sa.inspect(op.get_bind()).get_table_names()
    if "users" in tables:
        op.execute("ALTER TABLE users ALTER COLUMN role TYPE text")
    if "audit_logs" in tables:
        for column in ("created_at", "updated_at"):
            op.alter_column("audit_logs", column, nullable=True, server_default=None)
