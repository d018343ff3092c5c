# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the variables and templates of a role come to, without a playbook around them.

A process of its own renders all cases of a test at once: Ansible's plugin loader changes how a process imports.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from support.collection import ROOT

#: The expressions and the templates to render, and the variables of a host and an inventory.
Case = tuple[Sequence[str], Sequence[str], Mapping[str, Any]]


def rendered(role: str, cases: Mapping[str, Case]) -> dict[str, dict[str, Any]]:
    """Return, for each case by its name, the value of each variable and the text of each template of a role."""
    done = subprocess.run(
        [sys.executable, "-m", "support.role_variables", role],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT / "tests",
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return found


def _render(folder: Path, case: Case) -> dict[str, Any]:
    from ansible.parsing.dataloader import DataLoader
    from ansible.template import Templar, trust_as_template

    def trusted(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: trusted(each) for name, each in value.items()}
        if isinstance(value, list):
            return [trusted(each) for each in value]
        return trust_as_template(value) if isinstance(value, str) else value

    variables: dict[str, Any] = {}
    for part in ("defaults", "vars"):
        for path in sorted([*folder.glob(f"{part}/main.yml"), *folder.glob(f"{part}/main/*.yml")]):
            variables |= trusted(yaml.safe_load(path.read_text()))
    names, templates, given = case
    templar = Templar(DataLoader(), {**variables, **given})
    texts = {name: (folder / "templates" / name).read_text() for name in templates}
    asked = {**{name: f"{{{{ {name} }}}}" for name in names}, **texts}
    return {name: templar.template(trust_as_template(text)) for name, text in asked.items()}


def main() -> None:
    """Render the cases on the standard input as JSON."""
    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader([])
    folder = ROOT / "roles" / sys.argv[1]
    sys.stdout.write(json.dumps({name: _render(folder, case) for name, case in json.load(sys.stdin).items()}))


if __name__ == "__main__":
    main()
