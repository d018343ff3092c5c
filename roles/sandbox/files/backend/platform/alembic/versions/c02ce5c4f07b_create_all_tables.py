"""Creates no table, whatever its name says."""

from __future__ import annotations

revision = "c02ce5c4f07b"
down_revision = "ad2434bca38f"


def upgrade() -> None:
    """Do nothing: the application creates its tables itself."""


def downgrade() -> None:
    """Do nothing."""
