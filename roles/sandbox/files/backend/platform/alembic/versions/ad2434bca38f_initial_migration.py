"""The root of both branches; it changes nothing."""

from __future__ import annotations

revision = "ad2434bca38f"
down_revision = None


def upgrade() -> None:
    """Do nothing: the application creates its tables itself."""


def downgrade() -> None:
    """Do nothing."""
