# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Columns and foreign keys of a table, as PostgreSQL's catalog describes them.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from dataclasses import dataclass

READ_COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
       CASE WHEN t.typname IN ('varchar', 'bpchar') AND a.atttypmod > 4 THEN a.atttypmod - 4 END,
       ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = a.atttypid ORDER BY e.enumsortorder)
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""

READ_REFERENCES = """
SELECT c.conrelid::regclass::text, a.attname, NOT a.attnotnull,
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indisprimary
               AND array_length(i.indkey::int2[], 1) > 1 AND a.attnum = ANY (i.indkey::int2[]))
FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
WHERE c.contype = 'f' AND c.confrelid = to_regclass(%s) AND array_length(c.conkey, 1) = 1
ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Column:
    """One column. ``length`` is in characters, None for no limit; ``labels`` are an enum's, in their order."""

    type: str
    nullable: bool
    length: int | None
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Reference:
    """A column of another table that points at a row. ``association``: it is a part of that table's primary key."""

    table: str
    column: str
    nullable: bool
    association: bool
