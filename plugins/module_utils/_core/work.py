# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one shape of what a module does: plan, (check mode stops here), apply, verify, report, close.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .plan import Plan


@dataclass(frozen=True)
class Invocation:
    """How a module was called: its options, whether in check mode, and how to warn and to mask further secrets.

    ``given`` are the options before Ansible converted them, for a module that checks types itself.
    """

    params: Mapping[str, Any]
    given: Mapping[str, Any]
    check_mode: bool
    warn: Callable[[str], None]
    hide: Callable[..., None]


class Work:
    """What a module does. A constructor does no input or output, and every attribute is set there."""

    def plan(self) -> Plan:
        """Read the current state and compare it with the desired one. Change nothing. Called once."""
        raise NotImplementedError

    def apply(self, plan: Plan) -> None:
        """Carry out ``plan``. Not called in check mode, nor for a plan without changes."""
        raise NotImplementedError

    def verify(self, plan: Plan) -> None:
        """Raise if the desired state is not reached. Called after ``apply``, and if there was nothing to change."""

    def carried_out(self, plan: Plan) -> Plan:
        """Return what ``apply`` did of ``plan``, without the changes that were allowed to fail."""
        return plan

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the module's return values beside ``changed`` and ``diff``; in check mode the predicted ones."""
        return {}

    def secrets(self) -> Iterable[str]:
        """Return secrets that were read meanwhile, to mask them in an error. Called only if the work fails."""
        return ()

    def close(self) -> None:
        """Release locks, connections and temporary files. Called last, also after a failure."""
