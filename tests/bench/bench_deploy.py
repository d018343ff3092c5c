# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deploy costs that has nothing to do."""

from __future__ import annotations

from support.bench import Contender, Row, command, playbook_of
from support.environment import Environment
from support.playbook import ROOT


def rows(environment: Environment) -> list[Row]:
    """Compare the whole of deploy.yml with its minimum: the start of Ansible, and a comparison by Compose."""
    deploy = command(
        [
            "ansible-playbook",
            "deploy.yml",
            f"--inventory={environment.inventory}",
            f"--extra-vars=env={environment.name}",
        ],
        ROOT / "playbooks",
    )
    empty_playbook = playbook_of(environment.folder, "empty")
    compose_up = command(["docker", "compose", "up", "--detach"], environment.directory)

    def both() -> None:
        empty_playbook()
        compose_up()

    return [
        Row(
            Contender("deploy.yml with nothing to do", deploy),
            Contender("empty playbook + docker compose up --detach", both),
            limit=3,
        )
    ]
