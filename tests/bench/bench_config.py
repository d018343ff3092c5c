# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report of all settings costs."""

from __future__ import annotations

from support.bench import Contender, Row, command
from support.environment import Environment
from support.playbook import ROOT


def rows(environment: Environment) -> list[Row]:
    """Compare config.yml, which only reads, with status.yml."""

    def playbook(name: str) -> Contender:
        variables = [f"--inventory={environment.inventory}", f"--extra-vars=env={environment.name}"]
        return Contender(name, command(["ansible-playbook", name, *variables], ROOT / "playbooks"))

    return [Row(playbook("config.yml"), playbook("status.yml"), limit=1.5)]
