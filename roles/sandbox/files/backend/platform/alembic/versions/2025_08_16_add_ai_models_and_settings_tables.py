"""Two tables, with defaults that PostgreSQL refuses: a boolean cannot default to the integer 1. It always fails."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2025_08_16_add_ai_models_and_settings_tables"
down_revision = "2025_08_16_fix_enum_types_and_timestamps"


def flag(name: str, default: str) -> sa.Column:
    """Build a boolean column whose default is written as an integer."""
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.text(default))


def common_columns() -> list[sa.Column]:
    """Build the first columns of both tables."""
    return [
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True)),
    ]


def upgrade() -> None:
    """Try to create both."""
    op.create_table(
        "knowledge_settings",
        *common_columns(),
        sa.Column("chunk_size", sa.Integer(), nullable=False, server_default="500"),
        sa.Column("chunk_overlap", sa.Integer(), nullable=False, server_default="50"),
        flag("metadata_extraction", "1"),
        flag("auto_tagging", "1"),
        flag("enable_cache", "1"),
    )
    op.create_table(
        "ai_models",
        *common_columns(),
        sa.Column("provider", sa.String(100), nullable=False),
        sa.Column("model_key", sa.String(200), nullable=False),
        flag("is_active", "1"),
        flag("is_default", "0"),
        flag("is_favorite", "0"),
    )
    op.create_index("ix_ai_models_provider", "ai_models", ["provider"])
    op.create_index("ix_ai_models_model_key", "ai_models", ["model_key"])


def downgrade() -> None:
    """Drop both; on a database that the application made the indexes are missing: it fails."""
    op.drop_index("ix_ai_models_model_key", table_name="ai_models")
    op.drop_index("ix_ai_models_provider", table_name="ai_models")
    op.drop_table("ai_models")
    op.drop_table("knowledge_settings")
