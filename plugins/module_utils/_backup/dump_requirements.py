# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record what the dump of a database needs from the server that loads it, and find what a server lacks.

Roles, tablespaces, the files of extensions and the collations of the operating system belong to the server, not to the
dump. They are recorded when the dump is created and looked up before it is loaded, so that an error names them.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .._postgres import database_comment
from .._postgres.connection import literal
from .manifest import DatabaseRecord

Fetch = Callable[[str], Sequence[Any]]

#: The catalogs of objects with an owner, with the columns of oid, owner and privileges, and a condition.
_OWNED = (
    ("pg_class", "oid", "relowner", "relacl", "relpersistence <> 't' AND relkind NOT IN ('t', 'i', 'I')"),
    ("pg_proc", "oid", "proowner", "proacl", "true"),
    ("pg_type", "oid", "typowner", "typacl", "typrelid = 0 AND typcategory <> 'A'"),
    ("pg_namespace", "oid", "nspowner", "nspacl", "nspname !~ '^pg_'"),
    ("pg_operator", "oid", "oprowner", None, "true"),
    ("pg_opclass", "oid", "opcowner", None, "true"),
    ("pg_opfamily", "oid", "opfowner", None, "true"),
    ("pg_collation", "oid", "collowner", None, "true"),
    ("pg_conversion", "oid", "conowner", None, "true"),
    ("pg_ts_config", "oid", "cfgowner", None, "true"),
    ("pg_ts_dict", "oid", "dictowner", None, "true"),
    ("pg_statistic_ext", "oid", "stxowner", None, "true"),
    ("pg_language", "oid", "lanowner", "lanacl", "true"),
    ("pg_largeobject_metadata", "oid", "lomowner", "lomacl", "true"),
    ("pg_foreign_server", "oid", "srvowner", "srvacl", "true"),
    ("pg_foreign_data_wrapper", "oid", "fdwowner", "fdwacl", "true"),
    ("pg_event_trigger", "oid", "evtowner", None, "true"),
    ("pg_publication", "oid", "pubowner", None, "true"),
    ("pg_default_acl", "oid", "defaclrole", "defaclacl", "true"),
    ("pg_user_mappings", "umid", "umuser", None, "true"),
)
#: The oid of the bootstrap superuser, which PostgreSQL does not record as a dependency because it cannot be dropped.
_FIRST_ROLE = 10
#: The objects that initdb creates have smaller oids and are on every server.
_FIRST_OID = 16384


def _of_first_role(catalog: str, oid: str, owner: str, acl: str | None, kind: str) -> str:
    """Return the condition that a dumped object belongs to the bootstrap superuser, or grants it a privilege."""
    member = (
        f"EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_catalog.{catalog}'::regclass AND d.objid = o.{oid} "
        "AND d.deptype = 'e')"
        if catalog != "pg_user_mappings"
        else "false"
    )
    # Since version 15 the schema public belongs to another role by default.
    own = f"o.{oid} >= {_FIRST_OID}"
    if catalog == "pg_namespace":
        own = f"({own} OR nspname = 'public' AND current_setting('server_version_num')::int >= 150000)"
    shares = (
        f"OR o.{owner} <> {_FIRST_ROLE} AND EXISTS (SELECT FROM aclexplode(o.{acl}) a "
        f"WHERE {_FIRST_ROLE} IN (a.grantee, a.grantor))"
        if acl
        else ""
    )
    return (
        f"EXISTS (SELECT FROM {catalog} o WHERE {kind} AND {own} "
        f"AND (o.{owner} = {_FIRST_ROLE} AND NOT {member} {shares}))"
    )


_ROLES = f"""
WITH needed AS (
    SELECT refobjid AS oid FROM pg_shdepend s
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND refclassid = 'pg_authid'::regclass AND classid <> 'pg_extension'::regclass
    AND (deptype IN ('a', 'r') OR deptype = 'o' AND NOT EXISTS (
        SELECT FROM pg_depend d WHERE d.classid = s.classid AND d.objid = s.objid AND d.deptype = 'e'))
    AND NOT EXISTS (SELECT FROM pg_class c
        WHERE s.classid = 'pg_class'::regclass AND c.oid = s.objid AND c.relpersistence = 't')
    AND NOT EXISTS (SELECT FROM pg_namespace n
        WHERE s.classid = 'pg_namespace'::regclass AND n.oid = s.objid AND n.nspname ~ '^pg_')
    UNION SELECT {_FIRST_ROLE} WHERE {" OR ".join(_of_first_role(*catalog) for catalog in _OWNED)}
        OR EXISTS (SELECT FROM pg_policy WHERE {_FIRST_ROLE} = ANY (polroles))
        OR EXISTS (SELECT FROM pg_attribute t, aclexplode(t.attacl) a
            WHERE t.attrelid >= {_FIRST_OID} AND {_FIRST_ROLE} IN (a.grantee, a.grantor))
)
SELECT r.rolname::text FROM pg_roles r JOIN needed USING (oid) WHERE r.rolname !~ '^pg_' ORDER BY 1
"""  # noqa: S608 - numbers and names of this file
_TABLESPACES = """
SELECT DISTINCT t.spcname::text FROM pg_class c JOIN pg_tablespace t ON t.oid = c.reltablespace
WHERE c.relpersistence <> 't' AND t.spcname <> 'pg_global' ORDER BY 1
"""
#: The collations that initdb imported from the operating system, which are referenced by name.
_COLLATIONS = f"""
SELECT DISTINCT collname::text FROM pg_collation l
WHERE collnamespace = 'pg_catalog'::regnamespace AND collname NOT IN ('default', 'C', 'POSIX') AND (
    EXISTS (SELECT FROM pg_attribute a WHERE a.attcollation = l.oid AND a.attrelid >= {_FIRST_OID})
    OR EXISTS (SELECT FROM pg_index i WHERE l.oid = ANY (i.indcollation) AND i.indrelid >= {_FIRST_OID})
    OR EXISTS (SELECT FROM pg_type y WHERE y.typcollation = l.oid AND y.oid >= {_FIRST_OID}))
ORDER BY 1
"""  # noqa: S608 - a number of this file
_SUBSCRIPTIONS = """
SELECT subname::text FROM pg_subscription
WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1
"""
#: The columns differ between versions of PostgreSQL: 15 has daticulocale, 17 datlocale, 14 none.
_LOCALE = """
SELECT to_jsonb(d) ->> 'datlocprovider', coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale')
FROM pg_database d WHERE datname = current_database()
"""
_PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}


def read(fetch: Fetch) -> dict[str, Any]:
    """Return what a dump needs, as in the manifest. ``fetch`` queries the database in the dump's snapshot."""
    provider, locale = fetch(_LOCALE)[0]
    names = {"roles": _ROLES, "tablespaces": _TABLESPACES, "collations": _COLLATIONS, "subscriptions": _SUBSCRIPTIONS}
    found: dict[str, Any] = {name: [row[0] for row in fetch(statement)] for name, statement in names.items()}
    return {**found, "locale_provider": _PROVIDERS.get(provider or "c", "libc"), "locale": locale}


@dataclass(frozen=True)
class Lacking:
    """The objects that a dump needs and the server does not have."""

    roles: tuple[str, ...] = ()
    tablespaces: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    collations: tuple[str, ...] = ()

    def problems(self, backup: str, *, roles: bool) -> list[str]:
        """Return a sentence, without its final dot, for each kind; for the roles only if ``roles``."""
        missing = {
            "the roles": self.roles if roles else (),
            "the tablespaces": self.tablespaces,
            "the extensions": self.extensions,
            "the collations": self.collations,
        }
        return [
            f"The backup {backup} needs {kind} {', '.join(names)}, which this server does not have"
            for kind, names in missing.items()
            if names
        ]


def lacking(fetch: Fetch, record: DatabaseRecord) -> Lacking:
    """Return what a server lacks. ``fetch`` queries any of its databases. Older manifests record extensions only."""
    current = {
        "roles": _kept_roles(fetch),
        "tablespaces": _names(fetch, "SELECT spcname::text FROM pg_tablespace"),
        "collations": _names(
            fetch, "SELECT collname::text FROM pg_collation WHERE collnamespace = 'pg_catalog'::regnamespace"
        ),
        "extensions": _names(fetch, "SELECT name::text FROM pg_available_extensions"),
    }
    needed = {**(record.requires or {}), "extensions": record.extensions}
    return Lacking(
        **{name: tuple(each for each in needed.get(name, ()) if each not in current[name]) for name in current}
    )


def locale_options(record: DatabaseRecord, live_icu_locale: str | None, major: int) -> list[str]:
    """Return the options of CREATE DATABASE that preserve the order of text.

    ``live_icu_locale`` is that of the live database, for a manifest that does not record it.
    """
    requires = record.requires or {"locale_provider": "icu" if live_icu_locale else "libc", "locale": live_icu_locale}
    provider, locale = requires["locale_provider"], requires["locale"]
    if provider != "libc" and locale:
        return [f"LOCALE_PROVIDER {provider} {provider}_LOCALE {literal(locale)}"]
    # A server may have ICU as its default; before version 15 there was libc only.
    return ["LOCALE_PROVIDER libc"] if record.requires and major >= 15 else []


def _names(fetch: Fetch, statement: str) -> set[str]:
    return {row[0] for row in fetch(statement)}


def _kept_roles(fetch: Fetch) -> set[str]:
    """Return the permanent roles, without those that an interrupted restore left with its marker."""
    rows = fetch("SELECT rolname::text, shobj_description(oid, 'pg_authid') FROM pg_roles")
    return {name for name, comment in rows if not database_comment.split_comment(comment)[1]}
