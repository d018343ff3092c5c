# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import names
from ansible_collections.convosphere.platform.plugins.module_utils._backup.names import refuse_label, refuse_unusable
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError

ID = "convosphere-20261123T120000Z"


@pytest.mark.parametrize("label", ["nightly", "before-2.0", "vor dem Umzug", "grün", "Ausgabe 2.0 (neu)", "x" * 100])
def test_a_label_may_be_any_short_printable_text(label):
    assert refuse_label(label) is None


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("latest", "means other backups"),
        ("latest_verified", "means other backups"),
        ("LATEST", "means other backups"),
        ("all", "means other backups"),
        (ID, "looks like the id or a file"),
        (f"{ID}-2", "looks like the id or a file"),
        (f"{ID}.dump.zst", "looks like the id or a file"),
        (f"{ID}.manifest.json", "looks like the id or a file"),
        (f"/var/backups/{ID}.dump.zst", "looks like the id or a file"),
        ("week/1", "looks like the id or a file"),
        ("a\nb", "not printable"),
        ("a\0b", "not printable"),
        ("a\tb", "not printable"),
        ("a\x1b[31mb", "not printable"),
        ("a\u202eb", "not printable"),
        ("a,b", "contains a comma"),
        (" a", "a space at either end"),
        ("x" * 300, "has 300 characters"),
    ],
)
def test_an_invalid_label_is_refused_with_the_reason(label, reason):
    with pytest.raises(InputError) as caught:
        refuse_label(label)

    assert reason in str(caught.value)
    assert "Allowed: 1 to 100 printable characters" in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("name", [ID, f"{ID}-12", f"{ID}.dump.zst.age", "/a/b", f"x/{ID}.manifest.json"])
def test_an_id_and_a_file_mean_one_backup(name):
    assert names.means_one(name)


@pytest.mark.parametrize("name", ["nightly", "latest", "before-2.0", "convosphere-2026", f"{ID}x"])
def test_other_names_are_labels(name):
    assert not names.means_one(name)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([], "backups is an empty list"),
        ([""], "backups contains an empty name"),
        (["latest", " "], "backups contains an empty name"),
        ("", "backups contains an empty name"),
        ("a\0b", "There is no backup 'a\\x00b'"),
        (["a\nb"], "There is no backup 'a\\nb'"),
    ],
)
def test_an_invalid_name_is_an_error(given, told):
    with pytest.raises(InputError, match="Give an id, a label or latest") as caught:
        refuse_unusable({"backups": given}, "backups")

    assert told in str(caught.value)


@pytest.mark.parametrize("given", [None, "latest", ["all"], ["nightly", ID]])
def test_a_valid_name_is_accepted(given):
    assert refuse_unusable({"backups": given}, "backups") is None
