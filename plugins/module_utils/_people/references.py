# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rows belong to a person: every foreign key of the platform's schema, and references without one, as data.

An erasure knows what to do with each of them. A foreign key that is not here could keep rows from being deleted, or
rows of the person from being found: ``unknown`` names it, and nothing is erased.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .._postgres.connection import Database

#: What an erasure does with a row that refers to what is erased.
DELETED = "deleted"
CLEARED = "cleared"
REWRITTEN = "rewritten"
HANDED_OVER = "handed over, deleted or cleared"
#: The key is between rows that are no person's.
UNRELATED = "unrelated"


@dataclass(frozen=True)
class Key:
    """One foreign key: a column, the table that it refers to, and what becomes of the row."""

    table: str
    column: str
    target: str
    treatment: str


KEYS = (
    Key("assistants", "creator_id", "users", HANDED_OVER),
    Key("audit_logs", "user_id", "users", REWRITTEN),
    Key("compliance_reports", "approved_by", "users", CLEARED),
    Key("conversations", "assistant_id", "assistants", DELETED),
    Key("conversations", "user_id", "users", DELETED),
    Key("document_chunks", "document_id", "documents", DELETED),
    Key("document_processing_jobs", "document_id", "documents", DELETED),
    Key("document_processing_jobs", "user_id", "users", DELETED),
    Key("document_tag_association", "document_id", "documents", DELETED),
    Key("document_tag_association", "tag_id", "tags", UNRELATED),
    Key("documents", "user_id", "users", HANDED_OVER),
    Key("domain_activities", "domain_group_id", "domain_groups", UNRELATED),
    Key("domain_activities", "user_id", "users", REWRITTEN),
    Key("domain_group_hierarchy", "child_domain_id", "domain_groups", UNRELATED),
    Key("domain_group_hierarchy", "parent_domain_id", "domain_groups", UNRELATED),
    Key("domain_group_managers", "assigned_by", "users", CLEARED),
    Key("domain_group_managers", "domain_group_id", "domain_groups", UNRELATED),
    Key("domain_group_managers", "user_id", "users", DELETED),
    Key("domain_group_members", "domain_group_id", "domain_groups", UNRELATED),
    Key("domain_group_members", "invited_by", "users", CLEARED),
    Key("domain_group_members", "user_id", "users", DELETED),
    Key("domain_group_resources", "added_by", "users", CLEARED),
    Key("domain_group_resources", "domain_group_id", "domain_groups", UNRELATED),
    Key("domain_groups", "parent_domain_id", "domain_groups", UNRELATED),
    Key("domain_invitations", "domain_group_id", "domain_groups", UNRELATED),
    Key("domain_invitations", "user_id", "users", DELETED),
    Key("domain_resources", "domain_group_id", "domain_groups", UNRELATED),
    Key("extended_audit_logs", "user_id", "users", REWRITTEN),
    Key("messages", "conversation_id", "conversations", DELETED),
    Key("search_queries", "user_id", "users", DELETED),
    Key("tools", "creator_id", "users", HANDED_OVER),
    Key("user_dashboards", "user_id", "users", DELETED),
    Key("user_group_association", "group_id", "user_groups", UNRELATED),
    Key("user_group_association", "user_id", "users", DELETED),
)

#: References without a foreign key that an erasure follows: table, column, and what it holds.
SOFT = (
    ("audit_logs", "description", "the e-mail address or the login name of failed logins, which have no user"),
    ("audit_logs", "details", "the same, as identifier"),
    ("audit_logs", "resource_id", "the id of a user, an assistant, a document or a conversation"),
    ("domain_group_resources", "resource_id", "the id of an assistant, a document or a conversation"),
    ("domain_invitations", "email", "the address of a person who may have no account yet"),
    ("domain_resources", "resource_id", "the id of an assistant, a document or a conversation"),
    ("users", "preferences", "the id of the default assistant"),
)

#: Of each foreign key to a table: table, its columns, and the table that it refers to.
_READ = """
SELECT c.conrelid::regclass::text,
       ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k (number, position)
             JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number ORDER BY k.position),
       c.confrelid::regclass::text, c.conname::text
FROM pg_constraint c WHERE c.contype = 'f' ORDER BY 1, 4
"""


def unknown(found: Iterable[tuple[str, list[str], str, str]]) -> list[str]:
    """Return a problem for each foreign key that refers to rows which an erasure deletes, and is not in KEYS.

    ``found`` has the table, the columns, the table referred to, and the name of each foreign key of the database.
    """
    known = {(key.table, key.column) for key in KEYS}
    targets = {key.target for key in KEYS} | {key.table for key in KEYS}
    return [
        f"the foreign key {name} of table {table} ({', '.join(columns)}) refers to {target}, and this version of the "
        "collection does not know it"
        for table, columns, target, name in found
        if target in targets and not (len(columns) == 1 and (table, columns[0]) in known)
    ]


def problems(database: Database) -> list[str]:
    """Return a problem for each foreign key of the database that is unknown."""
    return unknown([tuple(row) for row in database.fetch(_READ)])
