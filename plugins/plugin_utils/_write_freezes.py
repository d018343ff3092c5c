# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Join what the app hosts said about the pause of their backends during a backup. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Result = Mapping[str, Any]


def summary(
    hosts: Sequence[str], pausable: Mapping[str, Result], paused: Mapping[str, Result], resumed: Mapping[str, Result]
) -> dict[str, Any]:
    """Return ``{unpausable, unpaused, containers, problem, lines}`` of the app hosts.

    The three last are the results of convosphere_write_freeze by host: in check mode, as it paused, as it resumed.
    """
    return {
        "unpausable": [host for host in hosts if not _answered(pausable.get(host))],
        "unpaused": [host for host in hosts if not _is_held(paused.get(host))],
        "containers": [
            f"{name} on {host}" for host in hosts for name in (paused.get(host) or {}).get("containers", ())
        ],
        "problem": ". ".join(_problem(host, paused.get(host), resumed.get(host)) for host in hosts).strip(". "),
        "lines": {host: _line(host, pausable.get(host) or {}, resumed.get(host) or {}) for host in hosts},
    }


def _answered(result: Result | None) -> bool:
    return result is not None and "containers" in result and not result.get("failed")


def _is_held(result: Result | None) -> bool:
    return result is not None and _answered(result) and bool(result["held"])


def _problem(host: str, paused: Result | None, resumed: Result | None) -> str:
    """Return why the backends of a host were not paused until everything was read; an empty text if they were."""
    if not _is_held(paused):
        return f"the backends of {host} were not paused"
    if not _answered(resumed):
        until = (paused or {}).get("until")
        return (
            f"{host} could not be asked whether its backends were paused until everything was read; they resume by"
            f" themselves at {until} at the latest"
        )
    if not _is_held(resumed):
        names = ", ".join((resumed or {}).get("resumed") or ()) or "a backend"
        return f"{names} on {host} resumed before everything was read"
    return ""


def _line(host: str, pausable: Result, resumed: Result) -> str:
    if _answered(resumed):
        return f"Paused on {host} for {resumed['seconds']} s: {', '.join(resumed['containers'])}"
    return f"Would be paused on {host}: {', '.join(pausable.get('containers', ())) or 'no backend'}"
