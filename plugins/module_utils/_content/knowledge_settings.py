# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare the settings of the knowledge base, which are one row.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._entities.entity import Entity
from .._entities.field_types import BOOL, INTEGER, TEXTS, Field

_MEBIBYTE = 1024 * 1024


def _refuse(given: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return why chunks of documents cannot be cut: each one begins ``chunk_overlap`` before the end of the last."""
    size, overlap = after.get("chunk_size"), after.get("chunk_overlap")
    asked = given.keys() & {"chunk_size", "chunk_overlap"}
    if not asked or size is None or overlap is None or overlap < size:
        return ""
    return f"chunk_overlap is {overlap}, and must be less than chunk_size, which is {size}: give both"


#: The ranges are those outside of which the platform answers with an error; the defaults are the platform's.
KNOWLEDGE_SETTINGS = Entity(
    name="knowledge_settings",
    plural="knowledge_settings",
    table="knowledge_settings",
    key=(),
    singleton=True,
    fields={
        "chunk_size": Field(INTEGER, default=500, minimum=100, maximum=2000),
        "chunk_overlap": Field(INTEGER, default=50, minimum=0, maximum=500),
        "embedding_model": Field(default="text-embedding-ada-002"),
        "index_type": Field(default="hybrid"),
        "metadata_extraction": Field(BOOL, default=True),
        "auto_tagging": Field(BOOL, default=True),
        "search_algorithm": Field(default="hybrid"),
        "max_file_size": Field(INTEGER, default=10 * _MEBIBYTE, minimum=_MEBIBYTE, maximum=100 * _MEBIBYTE),
        "supported_file_types": Field(
            TEXTS,
            default=[
                "application/pdf",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                "text/plain",
                "text/markdown",
            ],
            empty=[],
        ),
        "processing_timeout": Field(INTEGER, default=300, minimum=60, maximum=3600),
        "batch_size": Field(INTEGER, default=10, minimum=1, maximum=100),
        "enable_cache": Field(BOOL, default=True),
        "cache_expiry": Field(INTEGER, default=3600, minimum=60, maximum=86400),
    },
    refuse=_refuse,
)
