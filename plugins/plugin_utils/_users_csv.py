# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write users as CSV. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any


def write(users: Iterable[Mapping[str, Any]], fields: Iterable[str]) -> str:
    """Return a header and one line for each user. A field that a user lacks is empty, and not an empty text."""
    columns = list(fields)
    rows = [",".join(_cell(field, user[field]) if field in user else "" for field in columns) for user in users]
    return "\n".join([",".join(columns), *rows])


def _cell(field: str, value: Any) -> str:
    if field == "groups":
        text = "; ".join(value)
    elif field == "preferences":
        text = json.dumps(value)
    else:
        text = str(value)
    return '"' + text.replace('"', '""') + '"'
