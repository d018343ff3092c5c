"""Two columns for resetting a password."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "add_password_reset_fields"
down_revision = "2024_01_01_enhance_knowledge_base"


def upgrade() -> None:
    """Add the columns and the index."""
    op.add_column("users", sa.Column("password_reset_token", sa.String(255)))
    op.add_column("users", sa.Column("password_reset_expires_at", sa.DateTime(timezone=True)))
    op.create_index("ix_users_password_reset_token", "users", ["password_reset_token"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_users_password_reset_token", table_name="users")
    op.drop_column("users", "password_reset_expires_at")
    op.drop_column("users", "password_reset_token")
