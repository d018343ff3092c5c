# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import manifest as backup_manifest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from hypothesis import given
from hypothesis import strategies as st

from support.backups import NOON, VERIFIED, manifest_of
from support.collection import rendered_docs

MOMENTS = st.datetimes(datetime(2000, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))


def changed(**changes):
    document = {**manifest_of().to_dict(), **changes}
    return json.dumps(document)


@given(MOMENTS, st.text(min_size=1), st.dictionaries(st.text(), st.integers(0)))
def test_a_manifest_is_read_as_it_was_written(moment, label, tables):
    plain = manifest_of(moment.replace(microsecond=0), label=label, verified=VERIFIED, checked_at=NOON, damaged_at=NOON)
    plain = replace(plain, not_loaded={"at": "2026-11-23T13:00:00Z", "host": "db-1", "reason": label})
    plain = replace(plain, database=replace(plain.database, tables=tables))
    manifest = backup_manifest.parse(plain.to_json(), plain.file_name)

    assert manifest == plain
    assert manifest.to_dict() == json.loads(plain.to_json())


def test_an_older_manifest_without_the_later_fields_is_read():
    document = manifest_of().to_dict()
    assert [document.pop(name) for name in ("checked_at", "damaged_at", "not_loaded", "proofs")] == [None] * 3 + [[]]

    assert backup_manifest.parse(json.dumps(document), manifest_of().file_name) == manifest_of()


@given(st.text(min_size=1))
def test_an_id_is_a_valid_file_name_for_every_database(name):
    identifier = backup_manifest.new_id(name, NOON)

    assert identifier.endswith("-20261123T120000Z")
    assert backup_manifest._ID.fullmatch(identifier)


def test_an_id_is_in_utc():
    moment = datetime(2026, 11, 23, 1, 30, tzinfo=timezone(timedelta(hours=2)))

    assert backup_manifest.new_id("convosphere", moment) == "convosphere-20261122T233000Z"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ("[" * 100_000, "recursion"),
        ("[]", "it has no manifest_version"),
        ('{"a": 1}', "it has no manifest_version"),
        (changed(manifest_version=2), "its manifest_version is 2, this collection supports 1"),
        (changed(id="../../etc"), "its id '../../etc' is not the id of a backup"),
        (changed(created_at="yesterday"), "does not match format"),
        (changed(pinned="no"), "pinned is of the type str"),
        (changed(duration=True), "duration is of the type bool"),
        (changed(colour="red"), "colour is unknown"),
        (changed(include=[1]), "include is not a list of texts"),
        (
            changed(verified={"level": "looked at"}),
            "verified.at is missing; verified.duration is missing; verified.host is missing",
        ),
        (changed(verified={**VERIFIED, "at": 5}), "verified.at is of the type int"),
        (changed(verified={**VERIFIED, "at": "yesterday"}), "does not match format"),
        (changed(verified={**VERIFIED, "level": ["restore"]}), "verified.level is of the type list"),
        (changed(verified={**VERIFIED, "duration": "long"}), "verified.duration is of the type str"),
        (changed(uploads={"files": 1, "bytes": "2"}), "uploads.bytes is of the type str"),
        (changed(vectors={"backup": 1, "classes": []}), "vectors.backup is of the type int"),
        (changed(vectors={"backup": None, "classes": [1]}), "vectors.classes is not a list of texts"),
        (changed(write_freeze={"from": None, "to": "", "how": ""}), "write_freeze.from is of the type NoneType"),
        (changed(checked_at="yesterday"), "does not match format"),
        (changed(verified={**VERIFIED, "level": "seen"}), "verified.level is not one of checksum, restore"),
        (changed(damaged_at="yesterday"), "does not match format"),
        (changed(damaged_at=True), "damaged_at is of the type bool"),
        (changed(files=[]), "its list of files is empty"),
        (changed(files=["x"]), "files is not a list of objects"),
        (
            changed(files=[{"kind": "database"}]),
            "files.name is missing; files.size is missing; files.sha256 is missing",
        ),
        (changed(database={}), "database.name is missing"),
        (changed(database={**manifest_of().to_dict()["database"], "tables": {"a": "b"}}), "number of rows"),
    ],
)
def test_an_invalid_manifest_is_refused_with_the_reason(text, reason):
    with pytest.raises(InputError, match="is not a manifest") as caught:
        backup_manifest.parse(text, manifest_of().file_name)

    assert reason in str(caught.value)


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "convosphere-20261123T120000Z.x/../../y", "other.dump.zst"])
def test_a_file_in_another_directory_is_refused(name):
    text = changed(files=[{"kind": "database", "name": name, "size": 1, "sha256": "0" * 64}])

    with pytest.raises(InputError, match="does not belong to backup convosphere-20261123T120000Z"):
        backup_manifest.parse(text, manifest_of().file_name)


def test_a_manifest_under_another_name_is_refused():
    with pytest.raises(InputError, match="its id is convosphere-20261123T120000Z, so its name must be"):
        backup_manifest.parse(changed(), "convosphere-20261124T120000Z.manifest.json")


def test_a_missing_component_is_named():
    assert manifest_of().file("database").size == 6
    with pytest.raises(InputError, match="does not include uploads, only database"):
        manifest_of().file("uploads")


@pytest.mark.parametrize(
    ("module", "value", "more"),
    [("backup", "backup", set()), ("backup_info", "backups", {"age_hours", "bytes", "file", "keep"})],
)
def test_modules_document_every_field_of_a_manifest(module, value, more):
    documented = rendered_docs()[f"convosphere_db_{module}"]["return"][value]["contains"]

    assert set(documented) == set(manifest_of().to_dict()) | more


def test_uploads_of_an_older_backup_are_files():
    manifest = manifest_of(uploads={"files": 1, "bytes": 2})

    read = backup_manifest.parse(manifest.to_json(), manifest.file_name)

    assert read.uploads == {"files": 1, "bytes": 2, "store": "files"}
