# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a night costs in which only the backup and its verification are due."""

from __future__ import annotations

from support.bench import Contender, Row, command
from support.environment import Environment
from support.playbook import ROOT


def rows(environment: Environment) -> list[Row]:
    """Compare all steps of maintenance.yml with the status and a backup, which an operator would run instead."""

    def playbook(name: str, **variables: str) -> list[str]:
        given = [f"--extra-vars={key}={value}" for key, value in {"env": environment.name, **variables}.items()]
        return ["ansible-playbook", f"{name}.yml", f"--inventory={environment.inventory}", *given]

    folder = ROOT / "playbooks"
    night = command(playbook("maintenance", maintenance_lock=str(environment.folder / "maintenance")), folder)
    status, backup = (command(playbook(name), folder) for name in ("status", "backup"))

    def both() -> None:
        status()
        backup()

    return [
        Row(
            Contender("maintenance.yml with nothing else due than the backup", night),
            Contender("status.yml + backup.yml", both),
            limit=2,  # missed on a small database: some twenty modules start, beside seven of the two playbooks
        )
    ]
