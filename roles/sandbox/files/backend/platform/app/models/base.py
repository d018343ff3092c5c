"""The metadata every table registers with, and the few column shapes they share.

Tables are SQLAlchemy Core tables: the layout is the platform's to the letter, and nothing hides what is stored.
Identifiers have no server default, nor has any column but the moments of creation: whoever writes supplies all.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, DateTime, MetaData
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, UUID

metadata = MetaData()

Key = UUID(as_uuid=True)
Moment = DateTime(timezone=True)
LocalMoment = DateTime(timezone=False)
Double = DOUBLE_PRECISION()


class Base:
    """What the migration environment imports; it only reads the metadata."""

    metadata = metadata


def required(name: str, kind: Any, *parts: Any, **options: Any) -> Column[Any]:
    """Build a NOT NULL column."""
    return Column(name, kind, *parts, nullable=False, **options)


def optional(name: str, kind: Any, *parts: Any, **options: Any) -> Column[Any]:
    """Build a column that may be NULL."""
    return Column(name, kind, *parts, nullable=True, **options)
