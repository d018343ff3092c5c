# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge all hosts of a play together, from what convosphere_host_info found on each. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

_UNITS = {"k": 1024, "m": 1024**2, "g": 1024**3}


@dataclass(frozen=True)
class Interval:
    """The seconds by which a host's clock is ahead of the controller's: between ``least`` and ``most``.

    Less is not known, because the time that passes between both readings is not known.
    """

    least: float
    most: float

    @property
    def beyond(self) -> float:
        """Return by how many seconds the clock differs at least."""
        return max(self.least, -self.most, 0.0)

    def apart(self, other: Interval) -> float:
        """Return by how many seconds both clocks differ at least."""
        return max(self.least - other.most, other.least - self.most, 0.0)


@dataclass(frozen=True)
class Verdict:
    """The hosts of a play, by name what convosphere_host_info found, and the limits of the role environment."""

    probes: Mapping[str, Mapping[str, Any]]
    #: The controller's time after the probes, in seconds since 1970.
    now: float
    #: The seconds by which clocks may differ.
    tolerance: float = 10
    #: The hours that the last verified backup may be old; 0 for any age.
    backup_age: float = 0
    #: The services that get a second container beside the first one: the image and the memory limit of each.
    beside: Mapping[str, Mapping[str, str]] | None = None

    def problems(self) -> list[str]:
        """Return a sentence for each reason not to change these hosts, which names the host; empty without one."""
        found = [f"{host}: {sentence}" for host, probe in self.probes.items() for sentence in self._of_host(probe)]
        return [*found, *self._clocks(), *self._images()]

    def warnings(self) -> list[str]:
        """Return a sentence for each thing that may hinder a deploy."""
        return [
            f"{host}: {sentence}"
            for host, probe in self.probes.items()
            for hard, sentence in self._memory(probe)
            if not hard
        ]

    def report(self) -> str:
        """Return one line about hosts without problems."""
        clocks = self._offsets().values()
        parts = [f"{', '.join(self.probes)} can carry the environment"]
        parts += [f"clocks differ by {max(clock.beyond for clock in clocks):.0f} s"] if clocks else []
        parts += [_backup(probe["last_verified_backup"]) for probe in self.probes.values() if _has_backups(probe)]
        return "; ".join(parts)

    def _of_host(self, probe: Mapping[str, Any]) -> Iterator[str]:
        yield from probe.get("problems") or []
        for hard, sentence in self._memory(probe):
            if hard:
                yield sentence
        if self.backup_age and _has_backups(probe):
            backup = probe["last_verified_backup"]
            if backup is None or backup["age_hours"] > self.backup_age:
                text = _backup(backup)
                yield (
                    f"{text[0].upper()}{text[1:]}, and environment_backup_max_age allows {self.backup_age:g} h. Run"
                    " backup.yml and backup_verify.yml"
                )

    def _memory(self, probe: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
        """Yield what is wrong with the memory for second containers, and whether a deploy cannot succeed."""
        available = (probe.get("memory") or {}).get("available_bytes")
        running = probe.get("running") or {}
        pairs = [(name, running[name], service) for name, service in (self.beside or {}).items() if name in running]
        used = sum(found["memory_bytes"] or 0 for _name, found, _service in pairs)
        most = sum(_bytes(service["memory"]) for _name, _found, service in pairs)
        if available is None or not pairs:
            return
        names = " and ".join(name for name, _found, _service in pairs)
        differs = any(found["image"] != service["image"] for _name, found, service in pairs)
        text = f"{_readable(available)} of memory are available, and a second container of {names}"
        if available < used and differs:
            yield True, f"{text} needs {_readable(used)}, as the first one uses now. Free some memory, or add some"
        elif available < max(used, most):
            yield False, f"{text} may use up to {_readable(max(used, most))} while it replaces the first one"

    def _offsets(self) -> dict[str, Interval]:
        clocks = {host: probe.get("clock") or {} for host, probe in self.probes.items()}
        return {
            host: Interval(float(clock["host"]) - self.now, float(clock["host"]) - float(clock["controller"]))
            for host, clock in clocks.items()
            if clock.get("controller") is not None
        }

    def _clocks(self) -> Iterator[str]:
        offsets = self._offsets()
        wrong = {host: offset for host, offset in offsets.items() if offset.beyond > self.tolerance}
        advice = (
            f"{self.tolerance:g} s are allowed (environment_clock_tolerance), because tokens and certificates are valid"
            " from their first second on. Set the clock, for example with chrony"
        )
        for host, offset in wrong.items():
            side = "ahead of" if offset.least > 0 else "behind"
            yield f"{host}: the clock is {offset.beyond:.0f} s or more {side} that of the controller, and {advice}"
        for one, other in combinations([host for host in offsets if host not in wrong], 2):
            apart = offsets[one].apart(offsets[other])
            if apart > self.tolerance:
                yield f"{one} and {other}: their clocks differ by {apart:.0f} s or more, and {advice}"

    def _images(self) -> Iterator[str]:
        """Yield the references that mean another image on one host than on another."""
        by_reference: dict[str, dict[str, list[str]]] = {}
        for host, probe in self.probes.items():
            for reference, identifier in (probe.get("image_ids") or {}).items():
                by_reference.setdefault(reference, {}).setdefault(identifier, []).append(host)
        for reference, by_id in by_reference.items():
            if len(by_id) > 1:
                listed = ", ".join(f"{i.split(':')[-1][:12]} on {' and '.join(hosts)}" for i, hosts in by_id.items())
                yield (
                    f"{' and '.join(host for hosts in by_id.values() for host in hosts)}: the image {reference} is not"
                    f" the same: {listed}. Remove it (docker rmi) from hosts with the older one, or set stack_pull to"
                    " always"
                )


def _has_backups(probe: Mapping[str, Any]) -> bool:
    return "last_verified_backup" in probe


def _backup(backup: Mapping[str, Any] | None) -> str:
    if backup is None:
        return "there is no verified backup"
    return f"the last verified backup, {backup['id']}, is {backup['age_hours']:.1f} h old"


def _bytes(limit: str) -> int:
    """Return the bytes of a limit as Compose has it: 2g, 256m or a number; 0 for none."""
    text = str(limit or "0").lower().rstrip("b")
    factor = _UNITS.get(text[-1:], 1)
    number = text[:-1] if text[-1:] in _UNITS else text
    return int(float(number or 0) * factor)


def _readable(count: int) -> str:
    return f"{count / 1024**3:.1f} GiB" if count >= 1024**3 else f"{count / 1024**2:.0f} MiB"
