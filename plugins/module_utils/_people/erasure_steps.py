# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of an erasure, in an order in which no foreign key is in the way. Data and texts of SQL only.

Each step has a condition that its own change ends, so that an interrupted erasure continues with the rest.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from dataclasses import dataclass

from .erasure_ledger import ANONYMISE, DELETE

ERASED = "(erased)"
#: What a step does with rows, and the key of its count in the results.
REMOVE = "deleted"
CHANGE = "updated"


@dataclass(frozen=True)
class Choice:
    """What decides the steps: the mode, and whether assistants and documents have a new owner."""

    mode: str
    has_heir: bool
    documents_handed_over: bool


@dataclass(frozen=True)
class Step:
    """One statement: rows of a table that fulfil a condition are deleted, or with ``settings`` updated.

    ``in_batches``: there may be many, and each batch is a transaction of its own. All others are in the last one.
    """

    table: str
    condition: str
    settings: str = ""
    in_batches: bool = False
    #: The setting needs other tables: FROM of an UPDATE.
    source: str = ""

    @property
    def action(self) -> str:
        """REMOVE or CHANGE."""
        return CHANGE if self.settings else REMOVE

    @property
    def counted(self) -> str:
        """The statement that counts the rows."""
        return f"SELECT count(*) FROM {self.table} WHERE {self.condition}"  # noqa: S608 - texts of this file

    @property
    def statement(self) -> str:
        """The statement for all rows."""
        if not self.settings:
            return f"DELETE FROM {self.table} WHERE {self.condition}"  # noqa: S608 - texts of this file
        return f"UPDATE {self.table} SET {self.settings} WHERE {self.condition}"  # noqa: S608 - texts of this file

    @property
    def batch(self) -> str:
        """The statement for at most %(batch)s rows."""
        chosen = f"ctid = ANY (ARRAY(SELECT ctid FROM {self.table} WHERE {self.condition} LIMIT %(batch)s))"  # noqa: S608
        if not self.settings:
            return f"DELETE FROM {self.table} WHERE {chosen}"  # noqa: S608 - texts of this file
        return f"UPDATE {self.table} SET {self.settings} WHERE {chosen}"  # noqa: S608 - texts of this file


_CONVERSATIONS = "SELECT id FROM conversations WHERE user_id = %(user)s"
_ASSISTANTS = "SELECT id FROM assistants WHERE creator_id = %(user)s"
_DOCUMENTS = "SELECT id FROM documents WHERE user_id = %(user)s"
_OWN = "user_id = %(user)s"
#: Rows of others who are on hold stay unchanged, even if they name the person.
_UNHELD = "NOT coalesce(user_id::text = ANY (%(held)s::text[]), false)"
#: Whether a text names the person: LIKE is fast, and the pattern exact.
_NAMED = "({0}::text ILIKE %(like)s OR {0}::text ILIKE %(like_id)s) AND {0}::text ~* %(pattern)s"
_FAILED_LOGIN = (
    "lower(details ->> 'identifier') IN (%(username)s, %(email)s) "
    "OR lower(description) IN ('failed login attempt for ' || %(username)s, 'failed login attempt for ' || %(email)s)"
)
_TEXT = "regexp_replace({0}, %(pattern)s, '(erased)', 'gi')"
_JSON = "regexp_replace({0}::text, %(pattern)s, '(erased)', 'gi')::json"


def named(column: str) -> str:
    """Return the condition that a column has the id or the address of the person in its text."""
    return _NAMED.format(column)


def steps(choice: Choice) -> list[Step]:
    """Return the steps of an erasure, in their order. The row of the user itself is after all of them."""
    return [
        *_shares(choice),
        *(_anonymised_conversations() if choice.mode == ANONYMISE else _deleted_conversations()),
        *_documents(choice),
        Step("search_queries", _OWN, in_batches=True),
        Step("user_dashboards", _OWN),
        Step("user_group_association", _OWN),
        *_domains(),
        Step("compliance_reports", "approved_by = %(user)s", "approved_by = NULL"),
        *_creations(choice),
        *audit(),
    ]


def _shares(choice: Choice) -> list[Step]:
    """Return the steps for rows that refer to what is deleted without a foreign key. They need it: they are first."""
    gone = [] if choice.mode == ANONYMISE else [_CONVERSATIONS]
    gone += [] if choice.has_heir else [_ASSISTANTS]
    gone += [] if choice.documents_handed_over else [_DOCUMENTS]
    shared = " OR ".join(f"resource_id IN (SELECT id::text FROM ({query}) AS gone)" for query in gone)  # noqa: S608
    steps = [Step(table, shared) for table in ("domain_resources", "domain_group_resources") if gone]
    default = "preferences ->> 'default_assistant_id'"
    if not choice.has_heir:
        users = f"id <> %(user)s AND {default} IN (SELECT id::text FROM ({_ASSISTANTS}) AS gone)"  # noqa: S608
        steps.append(Step("users", users, "preferences = (preferences::jsonb - 'default_assistant_id')::json"))
    return steps


def _deleted_conversations() -> list[Step]:
    return [
        Step("messages", f"conversation_id IN ({_CONVERSATIONS})", in_batches=True),
        Step("conversations", _OWN, in_batches=True),
    ]


def _anonymised_conversations() -> list[Step]:
    """Return the steps that keep the rows, for figures of usage, without what was written."""
    empty = f"content = '{ERASED}', tool_input = NULL, tool_output = NULL, message_metadata = NULL"
    full = f"(content <> '{ERASED}' OR num_nonnulls(tool_input, tool_output, message_metadata) > 0)"
    untitled = f"title = '{ERASED}', description = NULL, conversation_metadata = NULL"
    titled = f"(title <> '{ERASED}' OR num_nonnulls(description, conversation_metadata) > 0)"
    return [
        Step("messages", f"conversation_id IN ({_CONVERSATIONS}) AND {full}", empty, in_batches=True),
        Step("conversations", f"{_OWN} AND {titled}", untitled, in_batches=True),
    ]


def _documents(choice: Choice) -> list[Step]:
    if choice.documents_handed_over:
        return [
            Step("document_processing_jobs", _OWN, in_batches=True),
            Step("documents", _OWN, "user_id = %(heir)s"),
        ]
    tagged = f"SELECT count(*) FROM document_tag_association WHERE tag_id = tags.id AND document_id IN ({_DOCUMENTS})"  # noqa: S608
    return [
        Step("document_chunks", f"document_id IN ({_DOCUMENTS})", in_batches=True),
        Step("document_processing_jobs", f"{_OWN} OR document_id IN ({_DOCUMENTS})", in_batches=True),
        Step(
            "tags",
            f"id IN (SELECT tag_id FROM document_tag_association WHERE document_id IN ({_DOCUMENTS})) "  # noqa: S608
            "AND usage_count > 0",
            f"usage_count = greatest(usage_count - ({tagged}), 0)",
        ),
        Step("document_tag_association", f"document_id IN ({_DOCUMENTS})"),
        Step("documents", _OWN),
    ]


def _domains() -> list[Step]:
    activities = f"{_OWN} OR resource_id = %(user)s OR {named('description')} OR {named('details')}"
    return [
        Step("domain_group_members", _OWN),
        Step("domain_group_members", "invited_by = %(user)s", "invited_by = NULL"),
        Step("domain_group_managers", _OWN),
        Step("domain_group_managers", "assigned_by = %(user)s", "assigned_by = NULL"),
        Step("domain_group_resources", "added_by = %(user)s", "added_by = NULL"),
        Step("domain_invitations", f"{_OWN} OR lower(email) = %(email)s"),
        Step(
            "domain_activities",
            f"({activities}) AND {_UNHELD}",
            f"description = CASE WHEN {_OWN} THEN '{ERASED}' ELSE {_TEXT.format('description')} END, "
            f"details = CASE WHEN {_OWN} THEN NULL ELSE {_JSON.format('details')} END, "
            "user_id = nullif(user_id, %(user)s), resource_id = nullif(resource_id, %(user)s)",
            in_batches=True,
        ),
    ]


def _creations(choice: Choice) -> list[Step]:
    own = "creator_id = %(user)s"
    if choice.has_heir:
        return [Step(table, own, "creator_id = %(heir)s") for table in ("tools", "assistants")]
    return [Step("tools", own, "creator_id = NULL"), Step("assistants", own)]


def audit() -> list[Step]:
    """Return the steps for the audit trail: the events stay, without the person.

    Rows of the person, and failed logins under the person's names, lose all that could identify anybody. Of rows of
    others only the names of the person are replaced.
    """
    own = f"({_OWN} OR (user_id IS NULL AND ({_FAILED_LOGIN})))"
    texts = f"{named('description')} OR {named('details')} OR resource_id = %(user)s"
    extended = ("username", "error_message", "resource_name", "resource_id", "context", "audit_metadata")
    others = " OR ".join(named(column) for column in extended)
    return [
        Step(
            "audit_logs",
            own,
            f"user_id = NULL, description = '{ERASED}', details = NULL, ip_address = NULL, user_agent = NULL, "
            "session_id = NULL, resource_id = nullif(resource_id, %(user)s)",
            in_batches=True,
        ),
        Step(
            "audit_logs",
            f"NOT coalesce({own}, false) AND {_UNHELD} AND ({texts})",
            f"description = {_TEXT.format('description')}, details = {_JSON.format('details')}, "
            f"resource_id = {_TEXT.format('resource_id')}",
            in_batches=True,
        ),
        Step(
            "extended_audit_logs",
            f"NOT legal_hold AND {_OWN}",
            "user_id = NULL, username = NULL, session_id = NULL, ip_address = NULL, user_agent = NULL, context = NULL, "
            f"audit_metadata = NULL, error_message = NULL, resource_name = {_TEXT.format('resource_name')}, "
            "resource_id = nullif(resource_id, %(user)s)",
            in_batches=True,
        ),
        Step(
            "extended_audit_logs",
            f"NOT legal_hold AND user_id IS DISTINCT FROM %(user)s AND {_UNHELD} AND ({others})",
            f"username = {_TEXT.format('username')}, error_message = {_TEXT.format('error_message')}, "
            f"resource_name = {_TEXT.format('resource_name')}, resource_id = {_TEXT.format('resource_id')}, "
            f"context = {_JSON.format('context')}, audit_metadata = {_JSON.format('audit_metadata')}",
            in_batches=True,
        ),
    ]


#: The last step: the row of the user, by mode.
USER_ROW = {
    DELETE: Step("users", "id = %(user)s"),
    ANONYMISE: Step(
        "users",
        "id = %(user)s",
        "email = 'erased-' || id || '@erased.invalid', username = 'erased-' || id, hashed_password = NULL, "
        "organization_id = NULL, department = NULL, job_title = NULL, employee_id = NULL, external_id = NULL, "
        "sso_attributes = NULL, first_name = NULL, last_name = NULL, display_name = NULL, avatar_url = NULL, "
        "bio = NULL, phone = NULL, status = 'ARCHIVED', email_verified_at = NULL, password_changed_at = NULL, "
        "locked_until = NULL, password_reset_token = NULL, password_reset_expires_at = NULL, preferences = NULL, "
        "last_login = NULL, last_activity = NULL, updated_at = now()",
    ),
}
#: The first step: from now on the person can do nothing that would add rows.
DISABLED = Step(
    "users",
    "id = %(user)s AND (status <> 'ARCHIVED' OR num_nonnulls(hashed_password, password_reset_token) > 0)",
    "status = 'ARCHIVED', hashed_password = NULL, password_reset_token = NULL, updated_at = now()",
)
#: The foreign keys that need an index while many rows are deleted: without one each deleted row reads a whole table.
INDEXED = (
    ("messages", "conversation_id"),
    ("conversations", "user_id"),
    ("conversations", "assistant_id"),
    ("document_chunks", "document_id"),
    ("document_processing_jobs", "document_id"),
)
