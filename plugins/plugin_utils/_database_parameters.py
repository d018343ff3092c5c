# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare the parameters of the playbooks of the database: backups, restores and rehearsals."""

from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.plugin_utils._parameter_type import Parameter

DATABASE_PARAMETERS = (
    Parameter(
        "backup",
        "str",
        "The backup: an id, a label (the newest with it), latest, or latest_verified. backup_verify.yml takes several,"
        " separated by commas, and latest if none is given; restore.yml requires one.",
        ("backup_verify", "restore"),
        "backup=latest_verified",
        default="",
    ),
    Parameter("label", "str", "A name for the backup.", ("backup",), "label=before-upgrade", default=""),
    Parameter(
        "level",
        "str",
        "How to verify: boot serves from the restored backup and logs in; restore loads the dump into a side database"
        " and counts every table's rows; checksum only reads the files.",
        ("backup_verify",),
        "level=boot",
        default="restore",
        choices=("checksum", "restore", "boot"),
    ),
    Parameter("pinned", "bool", "Exempt the backup from retention.", ("backup",), "pinned=true", default=False),
    Parameter(
        "restore_roles",
        "str",
        "How to treat roles of PostgreSQL that the backup names and the server lacks, as on a new host:"
        " require stops the restore; create creates them without a login; skip gives their objects to the owner of the"
        " database.",
        ("restore",),
        "restore_roles=skip",
        default="require",
        choices=("require", "create", "skip"),
    ),
    Parameter("version", "str", "The version to rehearse, as stack_version.", ("rehearse_upgrade",), "version=0.1.3"),
)
