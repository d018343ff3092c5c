# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens only to several hosts while they have visitors: a host is lost, a run is killed, two runs meet."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any

from events import Event, combined, image

from support.environment import wait_until
from support.host_group import GroupHost
from support.playbook import PlaybookRun
from support.rehearsal import images
from support.several import APPS, Several

OUTAGE = 15  # seconds
SECONDS_TO_REPAIR = 60
UPGRADED = image("backend:upgraded")
KILLS = 3  # of each step
#: The steps of a deploy, by their tasks, on all hosts, the database host, app hosts and edge hosts.
STEPS = {
    "lock": "Take the lock of the environment on its other hosts",
    "images": "Bring the images to the host",
    "database": "Bring the stack up if its schema is known to fit",
    "beside": "Bring up the new containers beside those that serve",
    "switch": "Have the edge send requests to the new containers",
    "finish": "Finish the deploy on the host",
    "unlock": "Release the lock of the environment",
}


def other_release(live: Several, kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables of a deploy that replaces the backend: whichever of two images it does not run."""
    (running,) = set(live.backends()["app-1"])
    return combined(kept, {"stack_images": {"backend": images()["backend"] if running == UPGRADED else UPGRADED}})


def repaired(live: Several, given: Mapping[str, Any], *, in_time: bool = True) -> list[str]:
    """Deploy again. Return what is wrong then: one release has to be on all hosts, soon."""
    run = live.run("deploy.yml", extra_vars=given)
    problems = [] if run.rc == 0 else [f"the next run ended with {run.rc}: {run.failures[-1].message[:200]}"]
    if in_time and run.seconds > SECONDS_TO_REPAIR:
        problems.append(f"the next run took {run.seconds:.0f} s")
    desired = {host: [given["stack_images"]["backend"]] for host in APPS}
    if live.backends() != desired:
        problems.append(f"then there is {live.backends()}")
    return problems


@dataclass(frozen=True)
class Lost(Event):
    """An app host is lost for some seconds while the new backends are beside the old ones."""

    how: Callable[[GroupHost], AbstractContextManager[None]] = GroupHost.paused
    loses_writes: bool = True

    def happen(self, live: Several, kept: dict[str, Any]) -> tuple[float, list[str]]:
        """Lose the host during a deploy, and deploy again."""
        given, host = other_release(live, kept), live.hosts["app-1"]
        with ThreadPoolExecutor() as pool:
            running = pool.submit(live.run, "deploy.yml", given)
            wait_until(lambda: len(live.backends()["app-1"]) > 1 or running.done(), "two backends", seconds=300)
            with self.how(host):
                _pass(OUTAGE)
            run = running.result()
        problems = repaired(live, given, in_time=False)
        kept.update(given)
        return run.seconds, problems


@dataclass(frozen=True)
class Killed(Event):
    """Runs that are killed in one step, named by its task, at a random moment of it."""

    task: str = ""
    loses_writes: bool = False
    #: The last step takes less than a second.
    longest: float = 3

    def happen(self, live: Several, kept: dict[str, Any]) -> tuple[float, list[str]]:
        """Kill several runs, and deploy again after each."""
        seconds, problems = 0.0, []
        for _number in range(KILLS):
            given = other_release(live, kept)
            run = live.run("deploy.yml", given, kill_when=self._within(random.uniform(0, self.longest)))
            live.end_modules()
            if run.rc == 0:
                problems.append("a run ended before it could be killed")
            routed = live.routed()
            if len(routed) != 1:
                problems.append(f"the edge sends requests to {routed}")
            problems += repaired(live, given)
            kept.update(given)
            seconds += run.seconds
        return seconds / KILLS, problems

    def _within(self, delay: float) -> Callable[[list[dict[str, Any]]], bool]:
        """Return whether the step has begun, and lasted for some seconds or ended."""

        def is_time(lines: list[dict[str, Any]]) -> bool:
            starts = [line for line in lines if line["kind"] == "start"]
            own = [number for number, line in enumerate(starts) if line["name"].endswith(self.task)]
            return bool(own) and (own[0] + 1 < len(starts) or time.time() > starts[own[0]]["at"] + delay)

        return is_time


@dataclass(frozen=True)
class Twice(Event):
    """Two deploys at the same time: one waits, or refuses and names the other."""

    def happen(self, live: Several, kept: dict[str, Any]) -> tuple[float, list[str]]:
        """Start both, and deploy again."""
        given = other_release(live, kept)
        with ThreadPoolExecutor() as pool:
            both = [running.result() for running in [pool.submit(live.run, "deploy.yml", given) for _each in range(2)]]
        failed = [run for run in both if run.rc != 0]
        problems = [] if len(failed) < len(both) else ["both failed"]
        problems += [f"refused by: {_last(run)}" for run in failed if "deploy" not in _last(run)]
        kept.update(given)
        return max(run.seconds for run in both), [*problems, *repaired(live, given)]


def _last(run: PlaybookRun) -> str:
    return run.failures[-1].message if run.failures else ""


def _pass(seconds: float) -> None:
    """Let an outage last: there is no condition to wait for."""
    with suppress(AssertionError):
        wait_until(lambda: False, "the end of the outage", seconds)


SEVERAL_EVENTS: tuple[Event, ...] = (
    Lost("lost app host: paused", how=GroupHost.paused),
    Lost("lost app host: cut off", how=GroupHost.isolated),
    Lost("lost app host: killed", how=GroupHost.switched_off),
    *(
        Killed(f"killed in the step {step}", task=task, longest=0.3 if step == "unlock" else 3)
        for step, task in STEPS.items()
    ),
    Twice("two deploys at once"),
)
