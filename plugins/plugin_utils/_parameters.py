# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare the playbooks and their parameters.

This table is the only place that describes them: the lookups ``hosts`` and ``parameter`` check and convert by it, and
``help.yml`` and docs/playbooks.md are generated from it. A new parameter is one more row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Parameter:
    """One parameter, given with ``-e name=value``. One name may have other values for other playbooks.

    ``type`` is str, bool, int or list; ``minimum`` is the lowest int; ``choices`` are those of each element of a list.
    ``verbs`` are the playbooks that read it, () for all of them. ``default`` None means that a value is required.
    """

    name: str
    type: str
    meaning: str
    verbs: tuple[str, ...]
    example: str
    default: Any = None
    choices: tuple[str, ...] = ()
    minimum: int = 0


@dataclass(frozen=True)
class Verb:
    """One playbook: what it does, what its call looks like after ``-e env=``, and role variables often given to it."""

    name: str
    purpose: str
    example: str = ""
    variables: tuple[str, ...] = ()


VERBS = (
    Verb("backup", "Create a backup with its manifest.", "-e label=before-upgrade -e pinned=true"),
    Verb("backup_verify", "Verify a backup by a restore into a side database.", "-e backup=before-upgrade"),
    Verb(
        "bundle",
        "Write the images of an environment into one archive, for a site without internet.",
        "-e archive=/srv/bundles/prod.tar",
    ),
    Verb("database", "Report the state of the database and its backups."),
    Verb(
        "deploy",
        "Bring an environment to the state that its inventory describes.",
        "--check --diff",
        ("stack_skip_backup_gate",),
    ),
    Verb(
        "drift",
        "Compare what runs with what is declared; the exit code is 2 if it differs.",
        "-e fails_on=host",
        ("users_file", "users_groups_file"),
    ),
    Verb(
        "edge_maintenance",
        "Have the edge answer 503 during maintenance, but not to operators.",
        "-e state=on -e minutes=30",
        ("stack_edge_operators",),
    ),
    Verb("health", "Report one status of an environment; the exit code is 0 if it is healthy or busy.", "-e wait=60"),
    Verb("help", "Show this help.", "-e verb=restore"),
    Verb("maintenance", "Run the nightly steps.", "-e steps=backup,verify", ("maintenance_timeouts",)),
    Verb(
        "migrate",
        "Migrate the schema to the revisions of the backend.",
        "--check --diff",
        ("database_revision", "database_accept_revisions", "database_assume_revisions", "database_skip_backup_gate"),
    ),
    Verb("releases", "List the kept releases, what each consists of, and whether a rollback to it is possible."),
    Verb(
        "plan",
        "Show what a deploy would change, and why. Nothing is changed.",
        "-e output=json",
        ("users_file", "users_groups_file"),
    ),
    Verb(
        "restore",
        "Restore a backup.",
        "-e backup=latest_verified -e confirm=prod",
        ("database_include", "database_force", "database_wait_timeout"),
    ),
    Verb("restore_discard", "Delete the databases kept by earlier restores.", "-e confirm=prod"),
    Verb("rollback", "Deploy an earlier release again.", "--check --diff"),
    Verb("services", "Start, stop or restart services.", "-e state=restarted -e service=backend"),
    Verb("setup", "Install what the hosts of an environment need, and nothing else."),
    Verb("status", "Report every service with its health and version.", "-e stats=true"),
    Verb("teardown", "Remove the containers of an environment, and its data on request.", "-e confirm=prod"),
    Verb(
        "users",
        "Bring groups and users to the state that a list or a file describes.",
        "-e users_file=users/prod.csv",
        ("users_file", "users_groups_file", "users_prune", "users_prune_limit"),
    ),
    Verb(
        "users_audit",
        "Report the findings of a security review.",
        "-e users_audit_since=2026-01-01",
        ("users_audit_since", "users_audit_inactive_days"),
    ),
    Verb(
        "users_export",
        "Write the current users to a file that users.yml reads.",
        "-e users_export_file=users/prod.yml",
        ("users_export_file",),
    ),
)

PARAMETERS = (
    Parameter("env", "str", "The environment, a group of the inventory. help.yml needs none.", (), "env=prod"),
    Parameter(
        "own_variables",
        "list",
        "Names of extra variables of your own that resemble a parameter, so that they are not refused as misspelt.",
        (),
        "own_variables=stage",
        default=(),
    ),
    Parameter(
        "archive",
        "str",
        "The path of the archive on the controller, in an existing directory.",
        ("bundle",),
        "archive=/srv/bundles/prod.tar",
    ),
    Parameter(
        "backup",
        "str",
        "The backup: an id, a label (the newest with it), latest, or latest_verified. backup_verify.yml takes several,"
        " separated by commas, and latest if none is given; restore.yml requires one.",
        ("backup_verify", "restore"),
        "backup=latest_verified",
        default="",
    ),
    Parameter(
        "confirm",
        "str",
        "The name of the environment again, as a confirmation. Without it the playbook reports what it would destroy,"
        " and stops; with --check it warns.",
        ("restore", "restore_discard", "teardown"),
        "confirm=prod",
        default="",
    ),
    Parameter(
        "fails_on",
        "str",
        "Which differences fail the run: any; host, those that came about on the host since the last deploy, and what"
        " could not be compared; nothing.",
        ("drift",),
        "fails_on=host",
        default="any",
        choices=("any", "host", "nothing"),
    ),
    Parameter(
        "force",
        "bool",
        "Replace the containers of the backend and the frontend although nothing differs. No request fails.",
        ("deploy",),
        "force=true",
        default=False,
    ),
    Parameter("host", "str", "Only this host, which has left all placements.", ("teardown",), "host=app-2", default=""),
    Parameter("label", "str", "A name for the backup.", ("backup",), "label=before-upgrade", default=""),
    Parameter(
        "level",
        "str",
        "How to verify: restore loads the dump into a side database and counts every table's rows; checksum only reads"
        " the files.",
        ("backup_verify",),
        "level=checksum",
        default="restore",
        choices=("checksum", "restore"),
    ),
    Parameter(
        "minutes",
        "int",
        "Minutes from now until the maintenance ends by itself, at most seven days.",
        ("edge_maintenance",),
        "minutes=30",
        default=60,
        minimum=1,
    ),
    Parameter(
        "output",
        "str",
        "Whether to report lines of text, or one line of JSON.",
        ("drift", "plan"),
        "output=json",
        default="text",
        choices=("text", "json"),
    ),
    Parameter("pinned", "bool", "Exempt the backup from retention.", ("backup",), "pinned=true", default=False),
    Parameter(
        "reason",
        "str",
        "One sentence for the page that users see.",
        ("edge_maintenance",),
        "reason=Upgrade",
        default="",
    ),
    Parameter(
        "release",
        "str",
        "The id of a kept release, as releases.yml lists them. Without it: rollback.yml chooses the newest earlier"
        " release of which every image is on the host, bundle.yml takes the images that the inventory declares.",
        ("bundle", "rollback"),
        "release=20261123T114500123Z",
        default="",
    ),
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
    Parameter(
        "service",
        "list",
        "The services, separated by commas. Without it: all.",
        ("services",),
        "service=backend,frontend",
        default=(),
    ),
    Parameter(
        "state",
        "str",
        "The desired state of the services.",
        ("services",),
        "state=restarted",
        default="started",
        choices=("started", "stopped", "restarted"),
    ),
    Parameter(
        "state",
        "str",
        "Whether there is maintenance.",
        ("edge_maintenance",),
        "state=on",
        choices=("on", "off"),
    ),
    Parameter("stats", "bool", "Measure processor and memory as well.", ("status",), "stats=true", default=False),
    Parameter(
        "steps",
        "list",
        "Only these steps of maintenance, separated by commas. Without it: those of maintenance_steps.",
        ("maintenance",),
        "steps=backup,verify",
        default=(),
        choices=("backup", "verify", "retention", "vacuum", "prune", "health"),
    ),
    Parameter("verb", "str", "Show the help of this playbook only.", ("help",), "verb=restore", default=""),
    Parameter(
        "volumes",
        "bool",
        "Remove the data as well: the volumes with the database, the uploads and the vectors.",
        ("teardown",),
        "volumes=true",
        default=False,
    ),
    Parameter("wait", "int", "Seconds to wait until the environment is healthy.", ("health",), "wait=60", default=0),
)


def find_verb(name: str) -> Verb | None:
    """Return the playbook of that name, without .yml, or None."""
    return next((verb for verb in VERBS if verb.name == name), None)


def find_parameter(name: str, verb: str = "") -> Parameter | None:
    """Return the parameter of that name, and if ``verb`` is given, the one that this playbook reads.

    None if there is no such parameter, or several of that name.
    """
    found = [item for item in PARAMETERS if item.name == name and (not verb or not item.verbs or verb in item.verbs)]
    return found[0] if len(found) == 1 else None


def parameters_of(verb: str) -> list[Parameter]:
    """Return the parameters that a playbook reads."""
    return [parameter for parameter in PARAMETERS if not parameter.verbs or verb in parameter.verbs]
