# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare on which hosts each playbook runs and what it does there, and check the hosts of an environment.

This table is the only place that describes it: the lookup ``hosts`` selects by it, the guard compares a play's hosts
with it, and docs/topology.md is generated from it. A new playbook is one more row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

PLACEMENTS = ("edge", "app", "database")

#: The hosts of a play by the name of its scope, as the documentation spells them.
SCOPES = {
    "all": "all hosts",
    "database": "the database host",
    "app": "app hosts",
    "edge": "edge hosts",
    "writers": "the database host and app hosts",
}


@dataclass(frozen=True)
class Part:
    """What one play of a playbook does, and the scope of its hosts."""

    verb: str
    scope: str
    does: str
    changes: bool = True


PARTS = (
    Part("audit", "all", "reads the records of runs, on the database host also what they wrote", changes=False),
    Part(
        "backup",
        "writers",
        "creates the backup on the database host; for uploads and vectors, pauses the backends of app hosts meanwhile",
    ),
    Part("backup_verify", "database", "restores the backup into a side database"),
    Part("bundle", "database", "brings the images of all services to this host, and writes them into the archive"),
    Part("config", "all", "reports the settings; with set and unset also records overrides, and deploys them"),
    Part("content", "database", "writes the content of a file to the database"),
    Part("content_export", "database", "reads the content for files on the controller", changes=False),
    Part("conversations_export", "database", "writes a file on the host, outside of the environment", changes=False),
    Part("database", "database", "reports the database and its backups", changes=False),
    Part("deletions", "database", "reads the records of deletions", changes=False),
    Part("deploy", "all", "deploys the services that the host's placements have"),
    Part(
        "drift",
        "all",
        "compares the host with what is declared, the database host also tables, users and content; one report",
        changes=False,
    ),
    Part("edge_maintenance", "edge", "has the edge answer 503, or serve again"),
    Part("health", "all", "checks the containers; on edge hosts also the platform's own report", changes=False),
    Part("logs", "all", "reads the logs of the host's containers; one report in the order of time", changes=False),
    Part("maintenance", "all", "prunes and checks the health; on the database host also the steps of the backups"),
    Part("messages", "database", "searches the messages", changes=False),
    Part("migrate", "database", "runs alembic in a container of the backend's image, after a verified backup"),
    Part("plan", "all", "reads what a deploy would change on the host; one plan is reported", changes=False),
    Part("records_retention", "database", "archives, deletes and anonymises records in the database"),
    Part("rehearse_upgrade", "database", "brings the image of the backend, and migrates a copy of a verified backup"),
    Part("releases", "all", "reads the host's kept releases; those of the environment are listed", changes=False),
    Part("report", "database", "reads the reports of the nightly runs", changes=False),
    Part("restore", "all", "closes the edge, stops backends, restores on the database host, starts, opens the edge"),
    Part("person", "database", "exports, holds or erases a person"),
    Part("restore_discard", "database", "deletes the databases and files kept by earlier restores"),
    Part("rollback", "all", "deploys an earlier release of the environment again, by the steps of a deploy"),
    Part("schedules", "database", "reads its variables only; the schedules are on the controller, or in AWX"),
    Part("secrets", "all", "lists or fetches secrets, which the database host has; with rotate also deploys new ones"),
    Part("services", "all", "starts, stops or restarts the host's services, in the order of the placements"),
    Part("setup", "all", "installs what the host lacks"),
    Part("status", "all", "reads the host's services; one report names what is missing or left over", changes=False),
    Part("support_bundle", "all", "reads what support needs of the host; one archive on the controller", changes=False),
    Part("teardown", "all", "removes the host's containers, and its data on request"),
    Part("usage", "database", "counts messages, tokens and cost", changes=False),
    Part("users", "database", "writes groups and users to the database"),
    Part("users_audit", "database", "reads users for the findings", changes=False),
    Part("users_export", "database", "reads users for the file on the controller", changes=False),
)


@dataclass(frozen=True)
class Topology:
    """The hosts of one environment in each placement, in the order of the inventory."""

    env: str
    edge: tuple[str, ...] = ()
    app: tuple[str, ...] = ()
    database: tuple[str, ...] = ()
    #: The hosts of the environment that have no placement any more, or not yet.
    unplaced: tuple[str, ...] = ()

    @classmethod
    def of(cls, env: str, groups: Mapping[str, Sequence[str]]) -> Topology:
        """Read the groups of an inventory."""
        own = list(groups.get(env, ()))
        placed = {name: set(groups.get(name, ())) for name in PLACEMENTS}
        edge, app, database = (tuple(host for host in own if host in placed[name]) for name in PLACEMENTS)
        return cls(env, edge, app, database, tuple(host for host in own if host not in {*edge, *app, *database}))

    def hosts(self, scope: str) -> tuple[str, ...]:
        """Return the hosts of a scope."""
        if scope == "all":
            return tuple(dict.fromkeys([*self.database, *self.app, *self.edge]))
        if scope == "writers":
            return tuple(dict.fromkeys([*self.database, *self.app]))
        return {"edge": self.edge, "app": self.app, "database": self.database}[scope]

    def placements(self, host: str) -> list[str]:
        """Return the placements of a host."""
        return [name for name in PLACEMENTS if host in self.hosts(name)]

    @property
    def several(self) -> bool:
        """Whether the environment has more than one host."""
        return len(self.hosts("all")) > 1

    def describe(self) -> str:
        """List the hosts of each placement."""
        return "; ".join(f"{name}: {', '.join(self.hosts(name)) or 'none'}" for name in PLACEMENTS)


@dataclass(frozen=True)
class Play:
    """A play that the guard checks: the playbook, the scope of the play in it, and the hosts that it has."""

    verb: str
    scope: str
    hosts: tuple[str, ...]


def parts_of(verb: str) -> list[Part]:
    """Return the plays of a playbook; empty for one that is not in the table."""
    return [part for part in PARTS if part.verb == verb]


def find_part(verb: str, scope: str = "") -> Part | None:
    """Return the play of a playbook with that scope, or its only play if no scope is given, or None."""
    found = [part for part in parts_of(verb) if scope in ("", part.scope)]
    return found[0] if len(found) == 1 else None


def pattern(topology: Topology, scope: str) -> str:
    """Return the host pattern of a scope, which selects no host outside the environment."""
    # In this order the hosts are deployed, if one follows the other.
    names = {"all": ("database", "app", "edge"), "writers": ("database", "app")}.get(scope, (scope,))
    placed = [name for name in names if topology.hosts(name)] if len(names) > 1 else names
    return f"{':'.join(placed)}:&{topology.env}"


def refuse_departed(topology: Topology, host: str) -> str | None:
    """Return why a host is not one that has left the environment's placements; None if it is."""
    listed = f"Hosts of {topology.env} without a placement: {', '.join(topology.unplaced) or 'none'}."
    if host in topology.unplaced:
        return None
    if host in topology.hosts("all"):
        return (
            f"{host} has a placement in {topology.env} ({', '.join(topology.placements(host))}). Nothing was changed."
            f" {listed} Take it out of its placements in the inventory and deploy, so that nothing needs it any more."
        )
    return f"There is no host {host} in {topology.env}. Nothing was changed. {listed}"


def refuse_hosts(topology: Topology) -> str | None:
    """Return why nothing may be changed on these hosts, a sentence for the operator; None if it may."""
    missing = [name for name in PLACEMENTS if not topology.hosts(name)]
    if missing:
        return (
            f"The environment {topology.env} has no host in {' and '.join(missing)} ({topology.describe()})."
            f" Nothing was changed. Add a host to {' and '.join(missing)} in the inventory; one host may be in all of"
            f" {', '.join(PLACEMENTS)}."
        )
    if len(topology.database) > 1:
        return (
            f"The environment {topology.env} has {len(topology.database)} hosts in database"
            f" ({', '.join(topology.database)}): each would get a database of its own. Nothing was changed."
            " Leave exactly one of them in database."
        )
    return None


def missing_hosts(topology: Topology, play: Play) -> Iterator[str]:
    """Yield a sentence if a play that changes something does not have all hosts that it is for."""
    part = find_part(play.verb, play.scope)
    # A host that has left all placements is cleared alone.
    departed = play.verb == "teardown" and play.hosts and not {*play.hosts} & {*topology.hosts("all")}
    if part is None or not part.changes or departed:
        return
    left_out = [host for host in topology.hosts(part.scope) if host not in play.hosts]
    if left_out:
        yield (
            f"This run of {part.verb}.yml leaves out {', '.join(left_out)}, which would be left behind: it is for"
            f" {SCOPES[part.scope]} of {topology.env}, {', '.join(topology.hosts(part.scope))}. Nothing was changed."
            " Run it without --limit and without job slicing, and see that every host can be reached."
        )
