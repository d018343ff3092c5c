# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.redaction import Secret
from ansible_collections.convosphere.platform.plugins.module_utils._stack import secret_ages, secret_record
from ansible_collections.convosphere.platform.plugins.module_utils._stack.secret_record import Age, Record, Rotation
from ansible_collections.convosphere.platform.plugins.module_utils._stack.secrets import Secrets

THEN, NOW = Age("2026-11-01T08:00:00Z"), Age("2026-11-30T08:00:00Z")
ROTATION = Rotation({"SECRET_KEY": Secret("new-key")}, THEN.at, "ada", {"OTHER": Secret("more")}, "login")
BOTH = Rotation({"REDIS_PASSWORD": Secret("new")}, THEN.at, previous={"REDIS_PREVIOUS_PASSWORD": Secret("old")})


def test_what_is_written_is_read_and_only_its_owner_may(tmp_path):
    record = Record({}, ROTATION).dated({"A": "one"}, THEN)

    secret_record.write(tmp_path, record)

    assert secret_record.read(tmp_path) == record
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert "one" not in (tmp_path / "secrets.json").read_text()
    assert repr(record.rotation.values) == "{'SECRET_KEY': ********}"


def test_an_age_is_that_of_a_value():
    record = Record().dated({"A": "one", "B": ""}, THEN).dated({"A": "two"}, NOW)

    assert (record.age("A", "one"), record.age("A", "two")) == (THEN, NOW)
    assert (record.age("A", "three"), record.age("B", ""), record.age("C", "one")) == (None, None, None)
    assert record.dated({"A": "one"}, NOW).age("A", "one") == THEN
    many = record.dated({"A": "three"}, NOW).dated({"A": "four"}, NOW)
    assert (many.age("A", "one"), many.age("A", "four")) == (None, NOW)


@pytest.mark.parametrize("text", ["[]", "{}", '{"ages": {"A": {"x": {"at": "soon", "exact": true}}}}', "no JSON"])
def test_another_text_is_refused(tmp_path, text):
    secret_record.path(tmp_path).write_text(text)
    secret_record.path(tmp_path).chmod(0o600)

    with pytest.raises(InputError, match="is no record of secrets"):
        secret_record.read(tmp_path)


def test_a_record_that_others_can_read_is_refused(tmp_path):
    secret_record.path(tmp_path).write_text("{}")
    secret_record.path(tmp_path).chmod(0o644)

    with pytest.raises(InputError, match=r"secrets\.json"):
        secret_record.read(tmp_path)


def test_a_deploy_dates_what_it_writes_and_a_rollback_has_the_previous_date(tmp_path):
    (tmp_path / ".env").write_text('A="old"\nB="kept"\n')
    (tmp_path / ".env").chmod(0o600)
    os.utime(tmp_path / ".env", (0, 0))
    entries = [{"name": "A", "value": "new"}, {"name": "B", "length": 40}, {"name": "C", "length": 40}]
    secrets = Secrets(tmp_path, entries)
    secrets.read()

    secrets.write()
    found = secret_ages.of_directory(tmp_path)
    secrets.restore()
    restored = secret_ages.of_directory(tmp_path)

    assert found["A"]["since"] == found["C"]["since"] == found["A"]["unchanged_since"]
    assert found["B"] == {"since": None, "unchanged_since": "1970-01-01T00:00:00Z"}
    assert restored["A"] == {"since": None, "unchanged_since": "1970-01-01T00:00:00Z"}
    assert restored["C"] == found["C"]


def test_a_deploy_writes_the_values_of_an_unfinished_rotation_and_a_rollback_none(tmp_path):
    (tmp_path / ".env").write_text('SECRET_KEY="old-key"\nURL="x://old-key@y"\n')
    (tmp_path / ".env").chmod(0o600)
    secret_record.write(tmp_path, Record({}, ROTATION))
    entries = [{"name": "SECRET_KEY", "length": 40}, {"name": "URL", "derive": "x://{SECRET_KEY}@y"}]
    rotated, restored = Secrets(tmp_path, entries), Secrets(tmp_path, entries, rotates=False)
    given = Secrets(tmp_path, [{"name": "SECRET_KEY", "value": "given"}])
    for each in (rotated, restored, given):
        each.read()

    assert rotated.desired == {"SECRET_KEY": "new-key", "URL": "x://new-key@y", "OTHER": "more"}
    assert rotated.previous == {"SECRET_KEY": "old-key", "URL": "x://old-key@y"}
    assert restored.desired == rotated.previous
    assert given.desired["SECRET_KEY"] == "given"
    rotated.write()
    rotated.restore()
    assert json.loads((tmp_path / "secrets.json").read_text())["rotation"]["values"] == {"SECRET_KEY": "new-key"}
    assert (tmp_path / ".env").read_text() == 'SECRET_KEY="old-key"\nURL="x://old-key@y"\n'


def test_check_mode_predicts_what_a_rotation_changes(tmp_path):
    url = "postgresql://owner:old-word@postgres/x"
    (tmp_path / ".env").write_text(f'POSTGRES_PASSWORD="old-word"\nDATABASE_URL="{url}"\nKEY="kept"\n')
    (tmp_path / ".env").chmod(0o600)
    template = "postgresql://{POSTGRES_LOGIN:-owner}:{POSTGRES_PASSWORD}@postgres/x"
    entries = [
        {"name": "POSTGRES_PASSWORD", "length": 40},
        {"name": "DATABASE_URL", "derive": template, "length": 40},
        {"name": "KEY", "length": 40},
    ]
    secrets = Secrets(tmp_path, entries, predicted=["POSTGRES_PASSWORD"])

    secrets.read()

    word = secrets.desired["POSTGRES_PASSWORD"]
    assert (len(word), secrets.desired["KEY"]) == (40, "kept")
    assert secrets.desired["DATABASE_URL"] == f"postgresql://owner_2:{word}@postgres/x"
    assert not (tmp_path / "secrets.json").exists()


@pytest.mark.parametrize("name", ["POSTGRES_PASSWORD", "DATABASE_URL"])
def test_a_rotation_changes_no_login_role_if_the_inventory_gives_the_password(name):
    both = Rotation({"POSTGRES_PASSWORD": Secret("b"), "KEY": Secret("k")}, THEN.at, "", {"OTHER": Secret("c")}, "role")

    assert both.without(["KEY"]) == replace(both, values={"POSTGRES_PASSWORD": "b"})
    assert both.without([name]) == replace(both, values={"KEY": "k"}, extra={}, login="")


def test_a_record_of_an_earlier_version_has_no_previous_values(tmp_path):
    secret_record.write(tmp_path, Record({}, ROTATION))
    found = json.loads((tmp_path / "secrets.json").read_text())
    del found["rotation"]["previous"], found["rotation"]["serves"], found["rotation"]["reissued"]
    (tmp_path / "secrets.json").write_text(json.dumps(found))

    assert secret_record.read(tmp_path).rotation == ROTATION


def test_a_secret_that_is_given_meanwhile_has_no_previous_value():
    assert BOTH.without(["REDIS_PASSWORD"]) == replace(BOTH, values={}, previous={})
    assert BOTH.without(["WEAVIATE_API_KEY"]) == BOTH
    assert BOTH.without(["POSTGRES_PASSWORD"]) == BOTH


@pytest.mark.parametrize(
    ("written", "rotation", "rotates", "desired"),
    [
        ({"REDIS_PASSWORD": "old"}, BOTH, True, {"REDIS_PASSWORD": "new", "REDIS_PREVIOUS_PASSWORD": "old"}),
        ({"REDIS_PASSWORD": "old"}, BOTH, False, {"REDIS_PASSWORD": "old"}),
        (
            {"REDIS_PASSWORD": "new", "REDIS_PREVIOUS_PASSWORD": "old"},
            replace(BOTH, serves=True),
            True,
            {"REDIS_PASSWORD": "new", "REDIS_PREVIOUS_PASSWORD": ""},
        ),
        # A rollback keeps both, whichever of them its containers were created with.
        ({"REDIS_PASSWORD": "new", "REDIS_PREVIOUS_PASSWORD": "old"}, BOTH, False, {"REDIS_PASSWORD": "new"}),
        (
            {"REDIS_PASSWORD": "new", "REDIS_PREVIOUS_PASSWORD": "old"},
            None,
            True,
            {"REDIS_PASSWORD": "new", "REDIS_PREVIOUS_PASSWORD": ""},
        ),
        ({"REDIS_PASSWORD": "new", "REDIS_PREVIOUS_PASSWORD": ""}, None, True, {"REDIS_PASSWORD": "new"}),
    ],
)
def test_a_service_accepts_the_previous_value_until_the_new_one_serves(tmp_path, written, rotation, rotates, desired):
    (tmp_path / ".env").write_text("".join(f'{name}="{value}"\n' for name, value in written.items()))
    (tmp_path / ".env").chmod(0o600)
    secret_record.write(tmp_path, Record({}, rotation))
    secrets = Secrets(tmp_path, [{"name": "REDIS_PASSWORD", "length": 40}], rotates=rotates)

    secrets.read()

    assert secrets.desired == desired
    assert "" not in secrets.values()


def test_check_mode_predicts_that_a_service_accepts_both_values(tmp_path):
    (tmp_path / ".env").write_text('WEAVIATE_API_KEY="old"\n')
    (tmp_path / ".env").chmod(0o600)
    secrets = Secrets(tmp_path, [{"name": "WEAVIATE_API_KEY", "length": 40}], predicted=["WEAVIATE_API_KEY"])

    secrets.read()

    assert (secrets.desired["WEAVIATE_PREVIOUS_API_KEY"], len(secrets.desired["WEAVIATE_API_KEY"])) == ("old", 40)


def test_what_is_issued_anew_is_known_by_its_previous_value():
    name = "POSTGRES_TLS_KEY"
    rotation = replace(ROTATION, reissued={name: secret_record.fingerprint(name, "old")})

    assert rotation.names == [name, "SECRET_KEY"]
    assert (rotation.to_reissue({name: "old"}), rotation.to_reissue({name: "new"}), rotation.to_reissue({})) == (
        [name],
        [],
        [],
    )
    assert rotation.without([name]) == ROTATION
