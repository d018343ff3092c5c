# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognize ids, and make a pattern of LIKE of a text that an operator gives.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def is_uuid(text: str) -> bool:
    """Return whether a text is a UUID as PostgreSQL writes it, in any case of its letters."""
    return bool(_UUID.fullmatch(text))


def containing(text: str) -> str:
    """Return the pattern of LIKE that matches each text that contains exactly this text."""
    escaped = re.sub(r"([\\%_])", r"\\\1", text)
    return f"%{escaped}%"
