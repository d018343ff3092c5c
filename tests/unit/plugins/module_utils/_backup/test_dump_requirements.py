# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import manifest as backup_manifest
from ansible_collections.convosphere.platform.plugins.module_utils._backup.dump_requirements import (
    Lacking,
    lacking,
    locale_options,
)
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._postgres import database_comment
from ansible_collections.convosphere.platform.plugins.module_utils._restore.loader import ARGUMENTS
from ansible_collections.convosphere.platform.plugins.module_utils._restore.missing_roles import MissingRoles, find

from support.backups import manifest_of

REQUIRES = {
    "roles": ["app", "reporting"],
    "tablespaces": ["fast"],
    "collations": ["de_DE.utf8"],
    "subscriptions": ["orders"],
    "locale_provider": "icu",
    "locale": "de-DE",
}
RECORD = replace(manifest_of().database, extensions=("plpgsql", "vector"), requires=REQUIRES)
MARK = database_comment.comment_statement("x", {"role": "skipped", "of": "convosphere"}, None, kind="ROLE").partition(
    " IS "
)[2]


def server(**there):
    """Fake a server that has these roles, tablespaces, collations and extensions."""
    answers = {"pg_roles": "roles", "pg_tablespace": "tablespaces", "pg_collation": "collations"}

    def fetch(statement):
        kind = next((name for table, name in answers.items() if table in statement), "extensions")
        return [each if isinstance(each, tuple) else (each, None) for each in there.get(kind, ())]

    return fetch


def test_missing_objects_are_named_by_kind():
    assert lacking(server(), RECORD) == Lacking(("app", "reporting"), ("fast",), ("plpgsql", "vector"), ("de_DE.utf8",))
    full = server(
        roles=["app", "reporting"], tablespaces=["fast"], extensions=["plpgsql", "vector"], collations=["de_DE.utf8"]
    )
    assert lacking(full, RECORD) == Lacking()


def test_a_leftover_role_of_an_interrupted_restore_does_not_count():
    found = lacking(server(roles=[("app", "of the team"), ("reporting", MARK.strip("'"))]), RECORD)

    assert found.roles == ("reporting",)


def test_an_older_manifest_requires_its_extensions_only():
    record = replace(RECORD, requires=None)

    assert lacking(server(extensions=["plpgsql"]), record) == Lacking(extensions=("vector",))


def test_missing_roles_are_a_problem_only_if_they_are_neither_created_nor_skipped():
    found = Lacking(roles=("app", "reporting"), tablespaces=("fast",))

    assert found.problems("X", roles=True) == [
        "The backup X needs the roles app, reporting, which this server does not have",
        "The backup X needs the tablespaces fast, which this server does not have",
    ]
    assert [text.split()[5] for text in found.problems("X", roles=False)] == ["tablespaces"]
    assert Lacking().problems("X", roles=True) == []


@pytest.mark.parametrize(
    ("requires", "live", "major", "options"),
    [
        (REQUIRES, None, 15, ["LOCALE_PROVIDER icu icu_LOCALE 'de-DE'"]),
        (
            {**REQUIRES, "locale_provider": "builtin", "locale": "C"},
            None,
            17,
            ["LOCALE_PROVIDER builtin builtin_LOCALE 'C'"],
        ),
        ({**REQUIRES, "locale_provider": "libc", "locale": None}, "en", 15, ["LOCALE_PROVIDER libc"]),
        ({**REQUIRES, "locale_provider": "libc", "locale": None}, None, 14, []),
        (None, "en", 15, ["LOCALE_PROVIDER icu icu_LOCALE 'en'"]),
        (None, None, 15, []),
    ],
)
def test_the_order_of_text_is_preserved_on_a_new_host(requires, live, major, options):
    assert locale_options(replace(RECORD, requires=requires), live, major) == options


def test_only_an_older_manifest_lacks_the_requirements():
    manifest = replace(manifest_of(), database=RECORD)
    older = manifest_of()

    assert backup_manifest.parse(manifest.to_json(), manifest.file_name).to_dict() == manifest.to_dict()
    text = older.to_json().replace(',\n    "requires": null', "")
    assert "requires" not in text
    assert backup_manifest.parse(text, older.file_name) == older


@pytest.mark.parametrize(
    "change",
    [{"roles": "app"}, {"roles": [1]}, {"locale_provider": None}, {"more": []}, {"subscriptions": None}],
)
def test_invalid_requirements_are_refused(change):
    manifest = replace(manifest_of(), database=replace(RECORD, requires={**REQUIRES, **change}))

    with pytest.raises(InputError, match=r"database\.requires\."):
        backup_manifest.parse(manifest.to_json(), manifest.file_name)


def test_a_dump_is_loaded_with_owners_and_privileges():
    assert not {"--no-owner", "--no-privileges", "--no-acl", "--no-publications"} & set(ARGUMENTS)
    assert "--exit-on-error" in ARGUMENTS


def test_skipped_roles_are_reported_and_created_ones_are_planned():
    create = MissingRoles(None, "convosphere", ("app",), "create", ("orders",))
    skip = MissingRoles(None, "convosphere", ("app",), "skip", ("orders",))

    assert create.plan().diff()["after"] == {"role app": {"login": False}}
    assert not skip.plan().changed
    assert [text.partition(":")[0] for text in create.skipped()] == ["subscription orders"]
    assert [text.partition(":")[0] for text in skip.skipped()] == ["role app", "subscription orders"]


def test_missing_roles_stop_a_restore_without_an_option_for_them():
    manifest = replace(manifest_of(), database=RECORD)
    there = {"tablespaces": ["fast"], "extensions": ["plpgsql", "vector"], "collations": ["de_DE.utf8"]}
    found = SimpleNamespace(fetch=server(**there, roles=["app"]))

    with pytest.raises(InputError, match=r"needs the roles reporting, .* restore_roles: create") as caught:
        find(found, "convosphere", manifest, "require")
    assert "Nothing was changed" in str(caught.value)
    assert find(found, "convosphere", manifest, "skip").names == ("reporting",)
    with pytest.raises(InputError, match="needs the tablespaces fast") as caught:
        find(SimpleNamespace(fetch=server(**{**there, "tablespaces": []})), "convosphere", manifest, "create")
    assert "restore_roles" not in str(caught.value)
