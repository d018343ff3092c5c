# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import paths
from ansible_collections.convosphere.platform.plugins.module_utils._backup.copies import TARGET_OPTION, TARGETS_OPTION
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError

SPEC = {
    "backup_dir": {"type": "path"},
    "identity_file": {"type": "path"},
    "label": {"type": "str"},
    "copy_to": TARGETS_OPTION,
    "copy_from": TARGET_OPTION,
}
BUCKET = {"bucket": "backups", "prefix": "prod", "endpoint_url": "https://minio.example.org"}


@pytest.fixture
def refusal(tmp_path):
    """Return the error about options, or None; the backup directory and another one exist."""
    (tmp_path / "backups").mkdir()
    (tmp_path / "other").mkdir()

    def ask(**params):
        try:
            paths.refuse(SPEC, {"backup_dir": str(tmp_path / "backups"), **params})
        except InputError as error:
            return str(error)
        return None

    return ask


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "is empty"),
        (" ", "is empty"),
        ("backups", "is not an absolute path"),
        ("./backups", "is not an absolute path"),
        ("../backups", "is not an absolute path"),
        ("/a\0b", "contains a NUL"),
    ],
)
def test_every_invalid_path_is_named(refusal, path, reason):
    told = refusal(
        backup_dir=path,
        identity_file=path,
        label=path,
        copy_to=[{"directory": "/mnt"}, {**BUCKET, "ca_cert": path}],
        copy_from={"directory": path},
    )

    assert told.startswith("4 problems: ")
    assert told.count(reason) == 4
    assert all(f"{name} is " in told for name in ("backup_dir", "identity_file", "copy_to[1].ca_cert"))
    assert "copy_from.directory is " in told
    assert told.endswith("Nothing was changed. Give an absolute path, such as /var/backups/convosphere.")


@pytest.mark.parametrize("path", ["/", "//", "/proc", "/dev/", "/tmp/../sys", "/run"])
def test_a_directory_of_the_system_is_refused(refusal, path):
    assert f"backup_dir is {path}, which is the root" in refusal(backup_dir=path)


def test_a_copy_in_the_backup_directory_is_refused(refusal, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "backups")
    own = tmp_path / "backups"

    for directory in (own, f"{own}/", own / "copies", tmp_path / "other/../backups", tmp_path / "link"):
        assert "that is not a second place" in refusal(copy_to=[{"directory": str(directory)}])
        assert "that is not a second place" in refusal(copy_from={"directory": str(directory)})
    assert refusal(copy_to=[{"directory": str(tmp_path / "other")}]) is None
    assert refusal(copy_to=[{"directory": f"{own}-2"}]) is None


def test_a_place_that_is_named_twice_is_refused(refusal, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "other")
    other = {"directory": str(tmp_path / "other")}

    for again in (other, {"directory": f"{tmp_path}/other/"}, {"directory": str(tmp_path / "link")}):
        assert "copy_to[1] is the same place as copy_to[0]" in refusal(copy_to=[other, again])
    for again in (
        BUCKET,
        {**BUCKET, "prefix": "/prod/"},
        {**BUCKET, "endpoint_url": "https://MINIO.example.org:443/"},
        {**BUCKET, "access_key": "another"},
    ):
        assert "copy_to[1] is the same place as copy_to[0]" in refusal(copy_to=[BUCKET, again])
    for different in ({**BUCKET, "prefix": "dev"}, {**BUCKET, "endpoint_url": None}, {**BUCKET, "bucket": "b"}, other):
        assert refusal(copy_to=[BUCKET, different]) is None
