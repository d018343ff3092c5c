# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide by the outcomes on all hosts whether a deploy over several hosts goes on, and say what it came to.

A host that has neither succeeded in a step nor failed counts as failed: it could not be reached. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import Topology

#: The steps of a deploy, in their order. ``abandon`` takes the place of those that are left after a failure.
IMAGES, DATABASE, APP, EDGE, FINISH = STEPS = ("images", "database", "app", "edge", "finish")
ABANDON = "abandon"

#: What each step does, as a clause, and what serves if it fails.
CLAUSES = {
    IMAGES: "while the images were brought to the hosts",
    DATABASE: "on the database host",
    APP: "while the new containers were brought up beside those that serve",
    EDGE: "while the edge was switched to the new containers",
    FINISH: "while the old containers were removed",
}
AFTERWARDS = {
    IMAGES: "Nothing was changed: the release that served before serves.",
    DATABASE: "No request was sent to a new container: what served before serves.",
    APP: "No request was sent to a new container: what served before serves.",
    EDGE: "The release that served before serves again.",
    FINISH: "The new release serves on all hosts. Next: run deploy.yml again, which completes what is left.",
}


@dataclass(frozen=True)
class Failure:
    """Why a step failed on one host."""

    host: str
    task: str
    message: str

    def describe(self) -> str:
        """Return the host, the task and the cause."""
        task = f" ({self.task})" if self.task else ""
        return f"{self.host}{task}: {self.message}"


@dataclass(frozen=True)
class Deploy:
    """The outcomes so far, by host: ``{done, failures, upstreams, previous_upstreams, advice}``; empty without one."""

    topology: Topology
    outcomes: Mapping[str, Mapping[str, Any]]

    def hosts(self, step: str) -> Sequence[str]:
        """Return the hosts of a step. A database host that is an app host too has its containers from the first."""
        topology = self.topology
        if step == APP:
            return [host for host in topology.app if host not in topology.database]
        return topology.hosts({DATABASE: "database", EDGE: "edge"}.get(step, "all"))

    def failures(self, step: str) -> list[Failure]:
        """Return the failures of a step, in the order of its hosts."""
        return [found for host in self.hosts(step) for found in self._failures_of(host, step)]

    def failed_step(self, last: str) -> str | None:
        """Return the first step that failed, of those up to ``last``."""
        steps = STEPS[: STEPS.index(last) + 1] if last in STEPS else STEPS
        return next((step for step in steps if self.failures(step)), None)

    def addresses(self, key: str) -> dict[str, list[str]]:
        """Return the addresses of all app hosts by service; ``key`` is ``upstreams`` or ``previous_upstreams``."""
        found: dict[str, list[str]] = {}
        for host in self.topology.app:
            for service, several in (self.outcomes.get(host, {}).get(key) or {}).items():
                found.setdefault(service, []).extend(several)
        return found

    def abandons(self, failed: str | None) -> list[str]:
        """Return the hosts that may have begun, and return to the release before if the step ``failed`` failed."""
        begun = STEPS[1 : STEPS.index(failed) + 1] if failed and failed != FINISH else ()
        return list(dict.fromkeys(host for step in begun for host in self.hosts(step)))

    def message(self, last: str) -> str:
        """Return what the operator has to know of a failed deploy; empty for one that did not fail."""
        step = self.failed_step(last)
        if step is None:
            return ""
        causes = [failure.describe() for failure in self.failures(step)]
        lines = [f"The deploy of {self.topology.env} failed {CLAUSES[step]}. {self._afterwards(step)}", *causes]
        lines += [outcome["advice"] for outcome in self.outcomes.values() if outcome.get("advice")]
        left = [found for host in self.topology.hosts("all") for found in self._recorded(host, ABANDON)]
        if left:
            names = ", ".join(found.host for found in left)
            lines.append(f"{names} could not be returned to the release before. Next: correct the cause, deploy again.")
            lines += [found.describe() for found in left]
        return "\n".join(lines)

    def _afterwards(self, step: str) -> str:
        served = step != EDGE or any(self.addresses("previous_upstreams").values())
        return AFTERWARDS[step] if served else "No release served before: the containers are kept for inspection."

    def _failures_of(self, host: str, step: str) -> list[Failure]:
        found = list(self._recorded(host, step))
        if found or step in (self.outcomes.get(host, {}).get("done") or ()):
            return found
        return [Failure(host, "", "the host could not be reached, or the run was stopped there")]

    def _recorded(self, host: str, step: str) -> Iterator[Failure]:
        for entry in self.outcomes.get(host, {}).get("failures") or ():
            if entry["step"] == step:
                yield Failure(host, entry["task"], entry["message"])


def verdict(outcomes: Mapping[str, Mapping[str, Any]], step: str, topology: Topology) -> dict[str, Any]:
    """Return whether the deploy goes on after ``step``, the addresses for the edge, and the message of a failure."""
    deploy = Deploy(topology, outcomes)
    failed = deploy.failed_step(step)
    return {
        "goes_on": failed is None,
        "failed_step": failed or "",
        "abandons": deploy.abandons(failed),
        "upstreams": deploy.addresses("upstreams"),
        "previous_upstreams": deploy.addresses("previous_upstreams"),
        "message": deploy.message(step),
    }
