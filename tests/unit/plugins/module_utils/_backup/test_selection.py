# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a name means if the newest matching backup is unusable, or if there is no backup."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import selection
from ansible_collections.convosphere.platform.plugins.module_utils._backup.catalogue import Catalogue
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError

from support.backups import VERIFIED, put_backup

DAY = timedelta(days=1)
TODAY = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def broken(tmp_path):
    """Return the warning about a truncated backup that is ``days`` newer than an intact one, for a name."""

    def make(name, days=1, manifest=True, **fields):
        whole = put_backup(tmp_path, TODAY - 3 * DAY, label="nightly", verified=VERIFIED)
        short = put_backup(tmp_path, TODAY - 3 * DAY + days * DAY, **fields)
        (tmp_path / short.files[0].name).write_bytes(b"")
        if not manifest:
            (tmp_path / short.file_name).write_text("")
        catalogue = Catalogue(tmp_path)
        name = {"its id": whole.id}.get(name, name)
        return selection.skipped_since(catalogue, name, catalogue.find(name))

    return make


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("latest", {}),
        ("latest", {"label": "another", "days": 3}),
        ("latest", {"manifest": False}),
        ("nightly", {"label": "nightly"}),
        ("nightly", {"manifest": False}),
        ("latest_verified", {"verified": VERIFIED}),
    ],
)
def test_a_newer_unusable_backup_that_matches_is_reported(broken, name, fields):
    (told,) = broken(name, **fields)

    assert "has 0 bytes instead of 6" in told or "is not a manifest" in told


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("latest", {"days": -1}),
        ("latest", {"days": 5}),
        ("latest", {"environment": "prod"}),
        ("latest", {"database_name": "another"}),
        ("latest", {"database_name": "another", "manifest": False}),
        ("latest", {"damaged_at": TODAY}),
        ("nightly", {"label": "another"}),
        ("latest_verified", {}),
        ("its id", {}),
    ],
)
def test_an_older_or_different_backup_is_not_reported(broken, name, fields):
    assert broken(name, **fields) == []


def test_the_sentence_names_both(tmp_path):
    whole, lost = (put_backup(tmp_path, TODAY - day * DAY) for day in (1, 0))
    (tmp_path / lost.files[0].name).unlink()
    catalogue = Catalogue(tmp_path)
    found = catalogue.find("latest")

    told = selection.warning(catalogue, "latest", found)
    assert told == (
        f"latest means {whole.id}, because newer backups are unusable: "
        f"{lost.file_name}: its file {lost.files[0].name} is missing"
    )
    assert selection.warning(catalogue, whole.id, found) is None


def test_all_backups_of_an_empty_directory_are_an_error(tmp_path):
    with pytest.raises(InputError, match=r"There is no backup in .* Check that the disk of the backups is mounted"):
        selection.every(Catalogue(tmp_path))
    with pytest.raises(InputError, match=r"There is no directory .*none"):
        selection.every(Catalogue(tmp_path / "none"))
    put_backup(tmp_path)
    assert len(selection.every(Catalogue(tmp_path))) == 1
