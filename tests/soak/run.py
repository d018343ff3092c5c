# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The soak: events of an environment's life under load, and what its visitors saw of each.

A request has failed if it got no answer, or an error of the server. Every write that was answered with success must
have left exactly one row. It ends with 1 if a request failed, a row is missing, or an event did not end as it should.

    make soak                                        # all events, on one host
    make soak ARGS="--rate 20 --only crashing"       # those with this in their name, with fewer requests
    make soak ARGS="--several --only 'lost kill'"    # on four hosts: one for the database, two for backends, one edge
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]

from events import EVENTS, VARIANTS, Event, image  # noqa: E402
from several_events import SEVERAL_EVENTS  # noqa: E402

from support.environment import environment, wait_until  # noqa: E402
from support.load import RATE, Load, load, token  # noqa: E402
from support.several import build_variants, several  # noqa: E402

REQUESTS = 1000  # at least, for each event
SETTINGS: dict[str, Any] = {"stack_health_interval": "30s"}
#: One login is enough for the whole soak.
KEPT: dict[str, Any] = {"stack_settings": {"JWT_ACCESS_TOKEN_EXPIRE_MINUTES": "600"}}
COLUMNS = ("event", "requests", "failed", "of which", "longest wait", "seconds of the run", "problems")


def main() -> int:
    """Run the events that were asked for; return the exit code."""
    arguments = _parser().parse_args()
    names = [*arguments.names, *arguments.only.split()]
    events = [*EVENTS, *(SEVERAL_EVENTS if arguments.several else ())]
    chosen = [event for event in events if not names or any(name in event.name for name in names)]
    kept, good = dict(KEPT), True
    with tempfile.TemporaryDirectory() as folder, _place(arguments, Path(folder)) as live:
        live.run("deploy.yml", extra_vars=kept).succeeded()
        access = token(live)
        show(COLUMNS)
        show(["---"] * len(COLUMNS))
        for event in chosen:
            row, problems = happen(live, access, event, kept, arguments.rate)
            show(row)
            good = good and not problems
    return 0 if good else 1


def happen(live: Any, access: str, event: Event, kept: dict[str, Any], rate: float) -> tuple[list[str], list[str]]:
    """Let one event happen under load. Return its row of the table, and what was not as it should be."""
    with load(live, access, rate=rate) as found:
        seconds, problems = event.happen(live, kept)
        wait_until(lambda: found.count() >= REQUESTS, f"{REQUESTS} requests", seconds=10 * REQUESTS / rate)
    problems = [*verdict(found, event), *problems]
    numbers = [f"{len(found.requests)}", f"{len(found.failed)}", found.kinds() or "-", f"{found.longest:.1f} s"]
    return [event.name, *numbers, f"{seconds:.0f}", "; ".join(problems) or "-"], problems


def verdict(found: Load, event: Event) -> list[str]:
    """Return what is wrong with the answers. Where a host is lost, a write that it had taken may fail."""
    counted = [entry for entry in found.failed if entry["name"] == "read" or not event.loses_writes]
    if event.interrupts:
        counted = []
    problems = [f"{len(counted)} failed"] if counted else []
    if found.refused:
        problems.append(f"{len(found.refused)} refused, such as {found.refused[0]}")
    # A write whose answer was lost may have left its row.
    if not found.written <= found.rows <= found.written + len(found.failed):
        problems.append(f"{found.written} writes succeeded and {found.rows} rows are there")
    return problems


def show(cells: list[str] | tuple[str, ...]) -> None:
    """Print a row of the table at once."""
    print("| " + " | ".join(cell.replace("\n", " ") for cell in cells) + " |", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Events under load, and the requests that failed")
    parser.add_argument("names", nargs="*", metavar="text", help="only events with this in their name")
    parser.add_argument("--only", default="", help="the same, several words in one text")
    parser.add_argument("--several", action="store_true", help="on four hosts, with the events of several hosts too")
    parser.add_argument("--rate", type=float, default=RATE, help=f"requests a second ({RATE})")
    parser.add_argument("--variables", type=json.loads, default={}, help="more variables of the environment, as JSON")
    return parser


@contextmanager
def _place(arguments: argparse.Namespace, folder: Path) -> Iterator[Any]:
    """Yield the environment, with nothing deployed, and the images of all events where it finds them."""
    variables: Mapping[str, Any] = {**SETTINGS, **arguments.variables}
    recipes = {image(name): (name.partition(":")[0], lines) for name, lines in VARIANTS.items()}
    if arguments.several:
        with several(folder, variants=recipes, variables=variables) as hosts:
            yield hosts
        return
    with environment("soak", folder, variables) as live:
        # Stand-ins, of which the variants are made, are built by the first deploy.
        live.run("deploy.yml", extra_vars=KEPT).succeeded()
        build_variants(recipes)
        yield live


if __name__ == "__main__":
    sys.exit(main())
