# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The soak: events of an environment's life under load, and what its visitors saw of each.

A request has failed if it got no answer, or an error of the server. Every write that was answered with success must
have left exactly one row. It ends with 1 if a request failed, a row is missing, or an event did not end as it should.

    make soak                              # all events
    make soak ARGS="--rate 20 crashing"    # those with this in their name, with fewer requests
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]

from events import EVENTS, VARIANTS, Event, image  # noqa: E402

from support.environment import Environment, environment, wait_until  # noqa: E402
from support.load import RATE, Load, load, token  # noqa: E402

REQUESTS = 1000  # at least, for each event
SETTINGS: dict[str, Any] = {"stack_health_interval": "30s"}
#: One login is enough for the whole soak.
KEPT: dict[str, Any] = {"stack_settings": {"JWT_ACCESS_TOKEN_EXPIRE_MINUTES": "600"}}
COLUMNS = ("event", "requests", "failed", "of which", "longest wait", "seconds of the run", "problems")


def main() -> int:
    """Run the events that were asked for; return the exit code."""
    parser = argparse.ArgumentParser(description="Events under load, and the requests that failed")
    parser.add_argument("names", nargs="*", metavar="text", help="only events with this in their name")
    parser.add_argument("--rate", type=float, default=RATE, help=f"requests a second ({RATE})")
    parser.add_argument("--variables", type=json.loads, default={}, help="more variables of the environment, as JSON")
    arguments = parser.parse_args()
    chosen = [event for event in EVENTS if not arguments.names or any(name in event.name for name in arguments.names)]
    kept, good = dict(KEPT), True
    with (
        tempfile.TemporaryDirectory() as folder,
        environment("soak", Path(folder), {**SETTINGS, **arguments.variables}) as live,
    ):
        live.run("deploy.yml", extra_vars=kept).succeeded()
        _build_variants()
        access = token(live)
        show(COLUMNS)
        show(["---"] * len(COLUMNS))
        for event in chosen:
            row, problems = happen(live, access, event, kept, arguments.rate)
            show(row)
            good = good and not problems
    return 0 if good else 1


def happen(
    live: Environment, access: str, event: Event, kept: dict[str, Any], rate: float
) -> tuple[list[str], list[str]]:
    """Let one event happen under load. Return its row of the table, and what was not as it should be."""
    deploys = event.playbook == "deploy.yml"
    given = combined(kept, event.variables) if deploys else dict(event.variables)
    with load(live, access, rate=rate) as found:
        run = live.run(event.playbook, extra_vars=given)
        wait_until(lambda: found.count() >= REQUESTS, f"{REQUESTS} requests", seconds=10 * REQUESTS / rate)
    problems = verdict(found)
    if (run.rc != 0) is not event.fails:
        problems.append(f"rc {run.rc}: {run.failures[0].message[:200] if run.failures else ''}")
    if deploys and not event.fails:
        kept.update(given)
    numbers = [f"{len(found.requests)}", f"{len(found.failed)}", found.kinds() or "-", f"{found.longest:.1f} s"]
    return [event.name, *numbers, f"{run.seconds:.0f}", "; ".join(problems) or "-"], problems


def verdict(found: Load) -> list[str]:
    """Return what is wrong with the answers."""
    problems = [f"{len(found.failed)} failed"] if found.failed else []
    if found.refused:
        problems.append(f"{len(found.refused)} refused, such as {found.refused[0]}")
    if found.rows != found.written:
        problems.append(f"{found.written} writes succeeded and {found.rows} rows are there")
    return problems


def combined(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables of both; dictionaries are merged."""
    merged = dict(first)
    for name, value in second.items():
        merged[name] = {**merged.get(name, {}), **value} if isinstance(value, dict) else value
    return merged


def show(cells: list[str] | tuple[str, ...]) -> None:
    """Print a row of the table at once."""
    print("| " + " | ".join(cell.replace("\n", " ") for cell in cells) + " |", flush=True)


def _build_variants() -> None:
    for variant, lines in VARIANTS.items():
        service = variant.partition(":")[0]
        recipe = "\n".join([f"FROM ghcr.io/convosphere/convosphere/{service}:0.1.2-beta", *lines])
        command = ["docker", "build", "--quiet", "--tag", image(variant), "-"]
        subprocess.run(command, input=recipe, text=True, check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
