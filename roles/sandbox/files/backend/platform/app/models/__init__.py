"""The platform's 31 tables; importing this package registers all of them with `metadata`."""

from __future__ import annotations

from app.models import audit, chat, domains, identity, knowledge
from app.models.base import Base, metadata

__all__ = ["Base", "audit", "chat", "domains", "identity", "knowledge", "metadata"]
