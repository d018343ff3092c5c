# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare the playbooks: what each does, and how it is called. Their parameters are in _parameters.py."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verb:
    """One playbook: what it does, what its call looks like after ``-e env=``, and role variables often given to it."""

    name: str
    purpose: str
    example: str = ""
    variables: tuple[str, ...] = ()


VERBS = (
    Verb("audit", "List the runs that changed an environment, with what each wrote.", "-e since=7d"),
    Verb("backup", "Create a backup with its manifest.", "-e label=before-upgrade -e pinned=true"),
    Verb("backup_verify", "Verify a backup by a restore into a side database.", "-e backup=before-upgrade"),
    Verb(
        "bundle",
        "Write the images of an environment into one archive, for a site without internet.",
        "-e archive=/srv/bundles/prod.tar",
    ),
    Verb(
        "config",
        "Show every setting with its source; set or remove an override, which holds for a time.",
        "-e set=LOG_LEVEL=DEBUG -e reason=Uploads -e expires=4h",
    ),
    Verb(
        "content",
        "Apply a content file: assistants, tools, models, knowledge and audit rules.",
        "-e content_file=content/prod.yml",
        ("content_file", "content_prune", "content_prune_limit"),
    ),
    Verb(
        "content_export",
        "Write the current content to files that content.yml reads.",
        "-e content_export_file=content/prod.yml",
        ("content_export_file", "content_export_documents", "content_export_max_mib"),
    ),
    Verb(
        "conversations_export",
        "Write conversations into a file on the database host.",
        "-e user=ada@example.com -e export_format=html -e dest=/root/ada.html",
    ),
    Verb("database", "Report the state of the database and its backups."),
    Verb("deletions", "List what the rules of retention have deleted.", "-e since=365d -e write_to=deletions.csv"),
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
        ("users_file", "users_groups_file", "content_file"),
    ),
    Verb(
        "edge_maintenance",
        "Have the edge answer 503 during maintenance, but not to operators.",
        "-e state=on -e minutes=30",
        ("stack_edge_operators",),
    ),
    Verb("health", "Report one status of an environment; the exit code is 0 if it is healthy or busy.", "-e wait=60"),
    Verb("help", "Show this help.", "-e verb=restore"),
    Verb(
        "logs",
        "Show the newest log records of all hosts by time, without secrets.",
        "-e service=backend -e log_level=error -e since=1h",
    ),
    Verb("maintenance", "Run the nightly steps.", "-e steps=backup,verify", ("maintenance_timeouts",)),
    Verb(
        "messages",
        "Search the messages of users; texts are shown only on request.",
        "-e words=invoice -e since=30d -e text=excerpt",
    ),
    Verb(
        "migrate",
        "Migrate the schema to the revisions of the backend.",
        "--check --diff",
        ("database_revision", "database_accept_revisions", "database_assume_revisions", "database_skip_backup_gate"),
    ),
    Verb(
        "records_retention",
        "Archive, delete and anonymise conversations, search queries and audit rows by the rules of the inventory.",
        "--check --diff",
        ("retention_rules", "retention_accept_share", "retention_skip_backup_gate"),
    ),
    Verb(
        "rehearse_upgrade",
        "Run the migrations of another version on a copy of the last verified backup, and measure them.",
        "-e version=0.1.3",
        ("stack_accept_revisions", "stack_assume_revisions"),
    ),
    Verb("releases", "List the kept releases, what each consists of, and whether a rollback to it is possible."),
    Verb(
        "plan",
        "Show what a deploy would change, and why. Nothing is changed.",
        "-e output=json",
        ("users_file", "users_groups_file", "content_file"),
    ),
    Verb(
        "person",
        "Export everything about one person, place or release a hold, or erase the person.",
        "-e who=ada@example.com -e do=export -e fetch_to=~/requests",
    ),
    Verb("report", "List the reports of the nightly runs, or fetch one.", "-e fetch_to=/tmp/reports"),
    Verb(
        "restore",
        "Restore a backup.",
        "-e backup=latest_verified -e confirm=prod",
        ("database_include", "database_force", "database_wait_timeout"),
    ),
    Verb("restore_discard", "Delete the databases kept by earlier restores.", "-e confirm=prod"),
    Verb("rollback", "Deploy an earlier release again.", "--check --diff"),
    Verb(
        "schedules",
        "Run playbooks at the times that the inventory declares, by timers of the controller or in AWX.",
        "--check --diff",
        ("scheduler_backend", "scheduler_user"),
    ),
    Verb(
        "secrets",
        "List the secrets of an environment without their values; fetch them into a file, or rotate them.",
        "-e rotate=SECRET_KEY",
    ),
    Verb("services", "Start, stop or restart services.", "-e state=restarted -e service=backend"),
    Verb("setup", "Install what the hosts of an environment need, and nothing else."),
    Verb("status", "Report every service with its health and version.", "-e stats=true"),
    Verb(
        "support_bundle",
        "Collect logs, status, versions, configuration and health into one archive, without secrets.",
        "-e fetch_to=/tmp",
    ),
    Verb("teardown", "Remove the containers of an environment, and its data on request.", "-e confirm=prod"),
    Verb(
        "usage",
        "Report tokens and cost against the budgets of groups; it fails if one is exceeded.",
        "-e by=group,model -e month=2026-11",
        ("usage_budgets", "usage_prices", "usage_timezone", "usage_currency", "usage_fails_on"),
    ),
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


def find_verb(name: str) -> Verb | None:
    """Return the playbook of that name, without .yml, or None."""
    return next((verb for verb in VERBS if verb.name == name), None)
