# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove the releases of a stack beyond the newest ones, and the images that nothing needs after that.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core import locks
from .._core.errors import EngineError, InputError
from .._core.plan import Plan, make_plan
from .._core.work import Invocation, Work
from .._engine import client as engine_client
from .._host import environment_directory
from . import prune, releases

if TYPE_CHECKING:
    from docker import DockerClient

AT_LEAST = {"releases_kept": 1, "min_age": 0, "max_removals": 0}


class PruneRun(Work):
    """One run of convosphere_prune."""

    def __init__(self, invocation: Invocation) -> None:
        self.params = invocation.params
        self.check_mode = invocation.check_mode
        self.directory = Path(self.params["project_src"])
        self.client: DockerClient | None = None
        #: The releases and the images that are removed, oldest first.
        self.releases: list[Path] = []
        self.images: list[prune.Image] = []
        self.held = ExitStack()

    def plan(self) -> Plan:
        """List what nothing needs, and once more under the lock of the stack if there is something to remove."""
        self._refuse()
        connect = engine_client.connect_if_there if self.check_mode else engine_client.connect
        self.client = connect(self.params["docker_host"], self.params["timeout"])
        plan = self._compare()
        if plan.changed and not self.check_mode:
            self.held.enter_context(locks.locked(self.directory / locks.LOCK, f"the stack in {self.directory}"))
            plan = self._compare()  # a deploy may have ended before the lock was taken
        if len(plan.changes) > self.params["max_removals"]:
            raise InputError(
                f"{len(self.releases)} releases and {len(self.images)} images would be removed, and max_removals "
                f"allows {self.params['max_removals']} in total: {', '.join(change.name for change in plan)}",
                hint="Nothing was removed. Check the list, and raise max_removals if all of them may be removed.",
            )
        return plan

    def apply(self, plan: Plan) -> None:
        """Remove the images first: after an interruption, the releases still show that they were the platform's."""
        failures = prune.remove(self.client, self.images) if self.client else {}
        releases.prune(self.directory / "releases", self.params["releases_kept"])
        if failures:
            raise EngineError(
                f"{len(failures)} of {len(self.images)} images could not be removed: {'; '.join(failures.values())}",
                hint="The other ones were removed. Repeat the run when nothing uses them any more.",
                images=sorted(failures),
            )

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return what was removed, and in check mode what would be."""
        return {
            "releases": [path.name for path in self.releases],
            "images": [{"name": image.label, "id": image.id, "size_bytes": image.size} for image in self.images],
            "size_bytes": sum(image.size for image in self.images),
        }

    def close(self) -> None:
        """Release the lock of the stack."""
        self.held.close()

    def _refuse(self) -> None:
        """Raise InputError for numbers out of range, and if the stack is absent or another environment's."""
        wrong = [name for name, least in AT_LEAST.items() if self.params[name] < least]
        if wrong:
            raise InputError.of(
                [f"{name} is {self.params[name]}: it must be {AT_LEAST[name]} or more" for name in wrong]
            )
        if not self.directory.is_dir() and not self.check_mode:  # check mode may be about a host that is still empty
            raise InputError(
                f"There is no stack in {self.directory}", hint="Check project_src: it must be this environment's."
            )
        environment_directory.refuse_foreign_directory(self.directory, self.params["environment_name"], "project_src")

    def _compare(self) -> Plan:
        """Return a deletion for each release and each image."""
        directory = self.directory / "releases"
        recorded = prune.records(directory)
        self.releases = releases.surplus(directory, self.params["releases_kept"])[::-1]
        removed = {path.name for path in self.releases}
        self.images = self._unused(self.client, recorded, removed) if self.client else []
        current: dict[str, dict[str, Any]] = {f"release {name}": {"images": recorded[name]} for name in sorted(removed)}
        for image in self.images:
            current[f"image {image.label}"] = {"id": image.short_id, "size_bytes": image.size}
        return make_plan(dict.fromkeys(current), current)

    def _unused(
        self, client: DockerClient, recorded: Mapping[str, Mapping[str, str]], removed: set[str]
    ) -> list[prune.Image]:
        """Return the images that nothing needs once the releases ``removed`` are gone."""
        given = self.params["repositories"]
        own = frozenset(map(prune.repository, given)) if given is not None else None
        removable = prune.Removable(
            prune.own_repositories(recorded.values()) if own is None else own,
            frozenset(name for release in removed for name in prune.named(recorded[release])),
            self.params["standins"],
        )
        needed = prune.in_use(client)
        here = self.directory.resolve()
        for directory in prune.beside(here) if here.is_dir() else []:
            for name, record in prune.records(directory).items():
                if directory.parent != here or name not in removed:
                    needed |= prune.named(record)
            needed |= prune.schema_images(directory, removed if directory.parent == here else ())
        unused = prune.unused(prune.read(client), removable, needed)
        return prune.settled(client, unused, time.time() - self.params["min_age"])
