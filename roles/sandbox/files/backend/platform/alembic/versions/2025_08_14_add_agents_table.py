"""The agents table, which the application itself neither makes nor uses. The other branch, and it works."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

revision = "2025_08_14_add_agents"
down_revision = "ad2434bca38f"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "agents",
        sa.Column("id", UUID(as_uuid=True), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True)),
        sa.Column("updated_at", sa.DateTime(timezone=True)),
        sa.Column("user_id", UUID(as_uuid=True)),
        sa.Column("is_public", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("is_template", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("system_prompt", sa.Text(), nullable=False),
        sa.Column("tools", sa.JSON()),
        sa.Column("model", sa.String(100), nullable=False, server_default="gpt-4"),
        sa.Column("temperature", sa.Float(), nullable=False, server_default="0.7"),
        sa.Column("max_tokens", sa.String(50)),
        sa.Column("max_context_length", sa.String(50)),
        sa.Column("personality", sa.Text()),
        sa.Column("instructions", sa.Text()),
        sa.Column("metadata", sa.JSON()),
        sa.Column("planning_strategy", sa.String(50), nullable=False, server_default="none"),
        sa.Column("max_planning_steps", sa.String(10)),
        sa.Column("abort_criteria", sa.JSON()),
    )
    op.create_index("ix_agents_name", "agents", ["name"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("agents")
