# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what a test run came to: the seconds each step took, then the number of tests that passed and failed."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree


def seconds_table(lines: list[str]) -> str:
    """Format lines of `step started ended` (epoch seconds) as a table, with the time from the first to the last."""
    steps = sorted((float(started), float(ended), step) for step, started, ended in (line.split() for line in lines))
    rows = [(step, ended - started) for started, ended, step in steps]
    if steps:
        rows.append(("total", max(ended for _started, ended, _step in steps) - steps[0][0]))
    return "\n".join(f"{step:<15} {seconds:7.1f} s" for step, seconds in rows)


def count_tests(reports: list[Path]) -> tuple[int, int, int]:
    """Add up JUnit reports: (passed, failed or in error, skipped)."""
    passed = failed = skipped = 0
    for report in reports:
        for suite in ElementTree.parse(report).getroot().iter("testsuite"):
            bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            left_out = int(suite.get("skipped", 0))
            passed += int(suite.get("tests", 0)) - bad - left_out
            failed += bad
            skipped += left_out
    return passed, failed, skipped


def main() -> None:
    """Print the report of the folder given as the only argument."""
    folder = Path(sys.argv[1])
    passed, failed, skipped = count_tests(sorted(folder.glob("*.xml")))
    print("\n" + seconds_table((folder / "seconds").read_text().splitlines()))
    print(f"tests: {passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))


if __name__ == "__main__":
    main()
