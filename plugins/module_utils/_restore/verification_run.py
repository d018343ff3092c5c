# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify the chosen backups of one catalogue, and write the results into their manifests.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from .._backup import file_reader, run_key, selection
from .._backup.catalogue import Backup, Catalogue, Scope
from .._backup.corruption import COULD_NOT_TELL
from .._backup.manifest import BOOT, LEVELS
from .._backup.selection import ALL
from .._core import timestamps
from .._core.errors import ConvosphereError, InputError
from .._core.plan import UPDATE, Change, Plan
from .._core.work import Invocation, Work
from .._host import environment_directory
from .._postgres import client_tools, connection
from .._stack import server_owner
from . import load_obstacles, missing_roles, server_disk, server_rights, verification
from .boot import requirements as boot_requirements
from .boot import trial as boot_trial
from .boot.requirements import BOOT_OPTIONS, Means
from .boot.verification import BootVerification
from .database_server import Server
from .side_databases import SideDatabases
from .verification import VERIFY_OPTIONS, Verifier

VERIFICATION_OPTIONS: dict[str, Any] = {
    **connection.DATABASE_OPTIONS,
    **client_tools.TOOLS_OPTIONS,
    **VERIFY_OPTIONS,
    "backups": {"type": "list", "elements": "str", "default": ["latest"], "aliases": ["backup"]},
    **environment_directory.ENVIRONMENT_OPTION,
    "level": {"type": "str", "choices": list(LEVELS), "default": "restore"},
    "reverify_after": {"type": "int"},
    "force": {"type": "bool", "default": False},
    **BOOT_OPTIONS,
}


@dataclass(frozen=True)
class Comparison:
    """The chosen backups, oldest first, those of them to verify, and why others cannot be loaded on this server."""

    chosen: list[Backup]
    due: list[Backup]
    obstacles: list[str]

    def plan(self, level: str) -> Plan:
        """Return one change for each backup to verify."""
        return Plan(
            tuple(
                Change(backup.manifest.id, UPDATE, {"verified": _shown(backup)}, {"verified": {"level": level}})
                for backup in self.due
            ),
            tuple(backup.manifest.id for backup in self.chosen if backup not in self.due),
        )


class VerificationRun(Work):
    """Verify backups. The options are VERIFICATION_OPTIONS."""

    def __init__(self, invocation: Invocation) -> None:
        self.params = invocation.params
        self.check_mode = invocation.check_mode
        self.hide = invocation.hide
        self.level: str = self.params["level"]
        self.catalogue = Catalogue(Path(self.params["backup_dir"]))
        self.tools = client_tools.PostgresTools(self.params)
        self.server = Server(self.params, read_only=self.check_mode)
        self.is_connected = False
        #: The connection, and what ``plan`` locks.
        self.held = ExitStack()
        self.comparison = Comparison([], [], [])
        #: What a boot uses, and what each boot found.
        self.means: Means | None = None
        self.booted: dict[str, dict[str, str]] = {}

    @property
    def _restores(self) -> bool:
        """Whether backups are restored into side databases."""
        return self.level != LEVELS[0]

    def plan(self) -> Plan:
        """Compare the backups with ``level``, and once more under the lock if there is something to do."""
        environment_directory.refuse_foreign_backups(self.catalogue.directory, self.params["environment_name"])
        if self._restores:
            server_owner.refuse_foreign_server(self.params)
        self.held.callback(self.server.close)
        self.comparison = self._compare()
        if self.comparison.due and not self.check_mode:
            self.held.enter_context(self.catalogue.lock())
            self.comparison = self._compare()  # another run may have verified or removed some until now
        return self.comparison.plan(self.level)

    def apply(self, _plan: Plan) -> None:
        """Verify the backups one by one. A corrupt one does not stop the others."""
        settings = verification.settings(self.params)
        server = self.server if self._restores else None
        verifier = Verifier(self.catalogue, self.tools, server, **settings)
        verify = self._booting(verifier) if self.level == BOOT else partial(verifier.run, level=self.level)
        self._remove_leftovers()
        found = self.comparison
        failures: list[str] = []
        verdicts: dict[str, str] = {}
        for backup in found.due:
            try:
                found.chosen[found.chosen.index(backup)] = verify(backup)
            except ConvosphereError as error:
                error.details.setdefault("verdict", COULD_NOT_TELL)
                if len(found.due) == 1 and not found.obstacles:
                    raise
                failures.append(f"{backup.manifest.id}: {error}")
                verdicts[backup.manifest.id] = error.details["verdict"]
        if failures:
            failures += found.obstacles
            raise ConvosphereError("\n".join(failures), problems=failures, verdicts=verdicts)

    def verify(self, _plan: Plan) -> None:
        """Raise InputError if a backup could not be loaded here, after all others were verified."""
        self._refuse_obstacles(self.comparison.obstacles)

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the chosen backups."""
        changed = {change.name for change in plan}
        chosen = self.comparison.chosen
        return {
            "backups": [
                {
                    **_described(backup, backup.manifest.id in changed, self.level),
                    "boot": self.booted.get(backup.manifest.id),
                }
                for backup in chosen
            ]
        }

    def close(self) -> None:
        """Release the lock and the connection."""
        self.held.close()

    def _compare(self) -> Comparison:
        """Compare once. Raises InputError if nothing can be verified."""
        chosen = self._choose()
        due = [backup for backup in chosen if self._is_due(backup)]
        if any(backup.manifest.recipients for backup in due) and self.params["identity_file"]:
            file_reader.refuse_key(self.params["identity_file"])
        if not due:
            return Comparison(chosen, [], [])
        if not self._restores:
            self._require_programs(due)
            return Comparison(chosen, due, [])
        self._connect()
        problems = {backup.manifest.id: self._problems(backup) for backup in due}
        loadable = [backup for backup in due if not problems[backup.manifest.id]]
        obstacles = [problem for backup in due for problem in problems[backup.manifest.id]]
        if self.check_mode or not loadable:
            self._refuse_obstacles(obstacles)
        self._refuse_full_disk(loadable)
        return Comparison(chosen, loadable, obstacles)

    def _booting(self, verifier: Verifier) -> Callable[[Backup], Backup]:
        """Return what verifies a backup by a boot, for which the host has the means."""
        if self.means is None:
            raise RuntimeError("the means of a boot were not looked for")
        return BootVerification(self.params, verifier, self.server, self.means, self.hide, self.booted).run

    def _choose(self) -> list[Backup]:
        """Return the backups that the option names, each once, oldest first."""
        names = self.params["backups"]
        every, foreign = self.catalogue.read()
        broken = [item for item in foreign if item.path.name.endswith(".manifest.json")]
        if ALL in names and broken:
            raise InputError.of(
                [item.reason for item in broken], hint="Move files that are not part of a backup out of backup_dir."
            )
        found = selection.every(self.catalogue) if ALL in names else [self._find(name) for name in names]
        identifiers = {backup.manifest.id for backup in found}
        return [backup for backup in every if backup.manifest.id in identifiers]

    def _find(self, name: str) -> Backup:
        """Return one backup. Raises InputError if a newer one is broken: verifying an older one does not replace it."""
        scope = Scope(self.params["environment_name"], self.params["login_db"])
        found = self.catalogue.find(name, scope=scope)
        broken = selection.skipped_since(self.catalogue, name, found)
        if broken:
            raise InputError.of(
                broken,
                hint=f"The newest intact backup is {found.manifest.id}. Move the broken ones out of backup_dir, or set "
                "backups to an id.",
            )
        return found

    def _is_due(self, backup: Backup) -> bool:
        """Return True if a backup has to be verified."""
        days = self.params["reverify_after"]
        after = None if days is None else timestamps.span("reverify_after", days, "days")
        now = datetime.now(timezone.utc)
        return self.params["force"] or not verification.is_verified(backup, self.level, now, after)

    def _connect(self) -> None:
        """Connect to the server, once. Raises ConvosphereError without a pg_restore of its version."""
        if not self.is_connected:
            rights = server_rights.read(self.server.fetch, self.params["login_db"])
            rights.refuse_verification()
            if self.level == BOOT:
                self.means = boot_requirements.find(self.params, rights)
                boot_requirements.refuse_little_memory(self.means)
            self.tools.require(self.server.version(), "pg_restore")
            self.tools.adopt(self.server.connection)
            self.is_connected = True

    def _require_programs(self, due: list[Backup]) -> None:
        """Raise CommandError without the program that reads the table of contents of a dump."""
        versions = [
            backup.manifest.database.server_version
            for backup in due
            if backup.manifest.database and run_key.is_readable(backup, self.params["identity_file"])
        ]
        if versions:
            # An older pg_restore cannot read the dump of a newer pg_dump.
            self.tools.major = max(int(version.split(".")[0]) for version in versions)
            self.tools.version("pg_restore")

    def _problems(self, backup: Backup) -> list[str]:
        """Return why a backup cannot be loaded here, which says nothing about the backup itself."""
        problems = load_obstacles.find(backup, self.server, self.tools, self.params["identity_file"])
        image = boot_requirements.image_problem(self.params, self.means, backup) if self.means else None
        return [*problems, image] if image else problems

    def _refuse_full_disk(self, loadable: list[Backup]) -> None:
        needed = max(verification.database_record(backup).size for backup in loadable)
        room = server_disk.missing_room(self.server, self.tools, needed)
        if room:
            raise ConvosphereError(room, hint="Free space on that disk, or set level to checksum.")
        if self.means:
            boot_requirements.refuse_little_disk(self.means, loadable)

    @staticmethod
    def _refuse_obstacles(obstacles: list[str]) -> None:
        """Raise InputError with the backups that could not be loaded here."""
        if obstacles:
            error = InputError.of(
                obstacles,
                hint="These backups were not verified, which says nothing about the backups themselves. Set "
                "identity_file for an encrypted one, add the missing objects to the server, a role by CREATE ROLE ... "
                "NOLOGIN, or set level to checksum.",
            )
            error.details["verdict"] = COULD_NOT_TELL
            raise error

    def _remove_leftovers(self) -> None:
        """Remove what interrupted runs left."""
        self.catalogue.clear_unfinished()
        run_key.RunKeys(self.catalogue.directory).clear(self.catalogue.read()[0])
        if self._restores:
            live = self.params["login_db"]
            self.server.lock(live)
            SideDatabases(self.server, live).remove_leftovers()
            boot_trial.remove_leftovers(self.server, self.params)
            missing_roles.drop_leftovers(self.server, live)


def _shown(backup: Backup) -> dict[str, Any] | None:
    """Return the manifest's verification for the diff."""
    verified = backup.manifest.verified
    return {name: verified[name] for name in ("level", "at")} if verified else None


def _described(backup: Backup, verified: bool, level: str) -> dict[str, Any]:
    database = backup.manifest.database
    enough = LEVELS[LEVELS.index(level) :]
    proofs = [proof for proof in backup.manifest.proofs if proof["level"] in enough]
    return {
        "id": backup.manifest.id,
        "label": backup.manifest.label,
        "action": "verified" if verified else "none",
        "verified": backup.manifest.verified,
        "proof": proofs[-1] if proofs else None,
        "tables": len(database.tables) if database else 0,
        "rows": sum(database.tables.values()) if database else 0,
    }
