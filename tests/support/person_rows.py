# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person with a row in every table of the platform, and others around: the columns come from the catalog."""

from __future__ import annotations

import json
import uuid
from typing import Any

from support.platform_database import PlatformDatabase

ADA, BOB = "Ada@example.com", "bob@example.com"
_COLUMNS = """
SELECT table_name::text, column_name::text, udt_name::text, is_nullable = 'NO' FROM information_schema.columns
WHERE table_schema = 'public' ORDER BY table_name, ordinal_position
"""
_REFERENCES = """
SELECT conrelid::regclass::text, (SELECT attname::text FROM pg_attribute
    WHERE attrelid = conrelid AND attnum = conkey[1]), confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'
"""
_LABELS = "SELECT typname::text, min(enumlabel)::text FROM pg_type JOIN pg_enum ON enumtypid = pg_type.oid GROUP BY 1"
_VALUES: dict[str, Any] = {"json": "{}", "jsonb": "{}", "bool": False, "timestamp": "2026-01-01"}
#: Parents first.
ORDER = (
    "domain_groups", "tags", "user_groups", "assistants", "conversations", "messages", "documents", "document_chunks",
    "document_processing_jobs", "document_tag_association", "search_queries", "user_dashboards",
    "user_group_association", "domain_group_members", "domain_group_managers", "domain_group_resources",
    "domain_invitations", "domain_activities", "compliance_reports", "tools", "audit_logs", "extended_audit_logs",
    "domain_resources", "ai_models", "audit_alerts", "audit_archives", "audit_policies", "audit_retention_rules",
    "knowledge_settings", "domain_group_hierarchy",
)  # fmt: skip


class PersonRows:
    """Rows of a database. A foreign key refers to the last row that was added to its table."""

    def __init__(self, database: PlatformDatabase) -> None:
        self.database = database
        self.last: dict[str, str] = {}
        self.columns: dict[str, list[tuple[str, str, bool]]] = {}
        for table, column, kind, needed in database.query(_COLUMNS):
            self.columns.setdefault(table, []).append((column, kind, needed))
        self.targets = {(table, column): target for table, column, target in database.query(_REFERENCES)}
        self.labels = dict(database.query(_LABELS))

    def add(self, table: str, **given: Any) -> str:
        """Add a row; return its id, or a new one for a table without ids."""
        identifier = str(uuid.uuid4())
        row = dict(given)
        for column, kind, needed in self.columns[table]:
            value = self._value(table, column, kind, needed, identifier)
            if value is not None:
                row.setdefault(column, value)
        names, places = ", ".join(row), ", ".join(["%s"] * len(row))
        self.database.query(f"INSERT INTO {table} ({names}) VALUES ({places})", *row.values())  # noqa: S608
        self.last[table] = identifier
        return identifier

    def fill(self) -> str:
        """Add Bob, an administrator, and Ada, each with what refers to them. Return Ada's id."""
        self.add("users", email=BOB, username="bob", role="SUPER_ADMIN", status="ACTIVE")
        bob = self.last["users"]
        self.add("domain_groups")
        for table in ("assistants", "conversations", "messages"):
            self.add(table)
        self.add("messages", content=f"ask {ADA} about it")
        self.add("messages", content="nada@example.com, ada@example.com.au")
        ada = self.add(
            "users", email=ADA, username="ada", role="USER", status="ACTIVE", hashed_password="planted-hash-of-ada"
        )
        child = self.last["domain_groups"]
        for table in ORDER:
            given: dict[str, Any] = {"usage_count": 2} if table == "tags" else {}
            if table == "domain_group_hierarchy":
                given = {"child_domain_id": child}
            if table == "extended_audit_logs":
                given = {"username": "ada", "context": json.dumps({"who": ADA})}
            if table == "domain_group_resources":
                given = {"resource_id": self.last["documents"], "added_by": ada}
            self.add(table, **given)
        failed = {"description": "Failed login attempt for ada", "details": json.dumps({"identifier": "ada"})}
        self.add("audit_logs", user_id=None, ip_address="192.0.2.1", **failed)
        self.add("audit_logs", user_id=bob, description=f"looked at {ADA.lower()}", ip_address="192.0.2.2")
        default = json.dumps({"default_assistant_id": self.last["assistants"], "theme": "dark"})
        self.database.query("UPDATE users SET preferences = %s WHERE id = %s", default, bob)
        return ada

    def counts(self) -> dict[str, int]:
        """Return the number of rows of each table of the platform."""
        return {
            table: self.database.query(f"SELECT count(*) FROM {table}")[0][0]  # noqa: S608 - names of the catalog
            for table in self.columns
        }

    def naming(self, text: str) -> dict[str, int]:
        """Return the number of rows of the platform that have a text anywhere, in any case, by table."""
        count = "SELECT count(*) FROM {} AS t WHERE to_jsonb(t)::text ILIKE '%%' || %s || '%%'"
        found = {table: self.database.query(count.format(table), text)[0][0] for table in self.columns}
        return {table: number for table, number in found.items() if number}

    def _value(self, table: str, column: str, kind: str, needed: bool, identifier: str) -> Any:
        target = self.targets.get((table, column))
        if column == "id":
            return identifier
        if target == table or (target and not needed and target != "users"):
            return None
        if target:
            return self.last[target]
        if not needed:
            return None
        if kind in self.labels:
            return self.labels[kind]
        if kind in ("varchar", "text", "uuid"):
            return identifier if kind == "uuid" else identifier[:8]
        return _VALUES.get("timestamp" if kind.startswith("timestamp") else kind, 1)
