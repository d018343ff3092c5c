# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure every row of every bench_<topic>.py beside this file, print the table, end with 1 where a limit is exceeded.

A topic's `rows(environment)` returns its rows; the environment is up, on this machine, and is removed afterwards.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from support.bench import Measured, Row, measure, table  # noqa: E402
from support.environment import environment  # noqa: E402

ROUNDS, QUICK_ROUNDS = 5, 3
#: As operators have it, and not as the tests do.
OPERATORS = {"stack_health_interval": "30s"}


def main() -> int:
    """Measure what was asked for; return the exit code."""
    topics = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    parser = argparse.ArgumentParser(description="Medians and ratios of whole runs, beside what they are compared with")
    parser.add_argument("topics", nargs="*", metavar="topic", help=f"measure only these of {', '.join(topics)}")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds instead of {ROUNDS}")
    parser.add_argument("--only", default="", metavar="TEXT", help="measure only the rows whose name has this in it")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.topics) - set(topics))
    if unknown:
        parser.error(f"there is no topic {', '.join(unknown)}; there are {', '.join(topics)}")
    rounds = QUICK_ROUNDS if arguments.quick else ROUNDS
    found = run(arguments.topics or topics, rounds, arguments.only)
    if not found:
        parser.error(f"no row has '{arguments.only}' in its name")
    print(f"\n{rounds} rounds after one to warm up, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}\n")
    print("\n".join(table(found)))
    return 1 if any(item.exceeded for item in found) else 0


def run(topics: list[str], rounds: int, only: str = "") -> list[Measured]:
    """Bring an environment up, measure on it the topics' rows with `only` in their names, and take it away."""
    with (
        tempfile.TemporaryDirectory(prefix="convosphere-bench-") as folder,
        environment("bench", Path(folder), OPERATORS) as live,
    ):
        print("Bringing the environment bench up", flush=True)
        live.run("deploy.yml").succeeded()
        rows = [row for topic in topics for row in importlib.import_module(f"bench_{topic}").rows(live)]
        return [_announced(row, rounds) for row in rows if only in row.subject.name]


def _announced(row: Row, rounds: int) -> Measured:
    print(f"Measuring: {row.subject.name}", flush=True)
    return measure(row, rounds)


if __name__ == "__main__":
    sys.exit(main())
