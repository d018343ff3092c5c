# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare models of providers, and what they cost.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from .._entities.entity import Entity
from .._entities.field_types import BOOL, INTEGER, NUMBER, TEXTS, Field

AI_MODEL = Entity(
    name="ai_model",
    table="ai_models",
    key=("provider", "model_key"),
    fields={
        "provider": Field(required=True),
        "model_key": Field(required=True),
        "name": Field(required=True),
        "display_name": Field(required=True),
        "description": Field(),
        "max_tokens": Field(INTEGER, minimum=1),
        "cost_per_1k_tokens": Field(NUMBER, minimum=0),
        "is_active": Field(BOOL, default=True),
        "is_default": Field(BOOL, default=False),
        "is_favorite": Field(BOOL, default=False),
        "capabilities": Field(TEXTS, default=[], empty=[]),
    },
    exclusive=("is_default",),
    title="{provider}/{model_key}",
)
