"""The root of both branches; it changes nothing."""

from __future__ import annotations

revision = "ad2434bca38f"
down_revision = None


def upgrade() -> None:
    """Nothing: the application makes its tables itself."""


def downgrade() -> None:
    """Nothing."""
