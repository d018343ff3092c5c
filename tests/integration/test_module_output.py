# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module on the base class can print: planted secrets in every way that a text leaves it, in a real run."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.law import assert_no_secret

PROBE = """
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import EngineError
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule


class Probe(InfoModule):
    argument_spec = {
        "password": {"type": "str", "no_log": True},
        "database": {"type": "str"},
        "place": {"type": "list", "elements": "dict", "options": {"secret_key": {"type": "str", "no_log": True}}},
        "fails": {"type": "str"},
        "users": {"type": "list", "elements": "dict"},
    }
    unlisted = {"users": {"email": {"type": "str"}, "password": {"type": "str", "no_log": True}}}

    def report(self):
        texts = [self.params["password"], self.params["database"], "planted-on-host"]
        self.warn(f"warned of {texts}")
        self.ansible.deprecate(f"deprecated {texts}", version="99.0.0", collection_name="convosphere.platform")
        self.hide("planted-on-host")
        if self.params["fails"] == "error":
            raise EngineError(f"went wrong with {texts} {self.params['users']}", texts=texts)
        if self.params["fails"] == "defect":
            raise KeyError(f"{texts} {self.params['users']}")
        return {"texts": texts}


if __name__ == "__main__":
    Probe.main()
"""
OPTIONS = {
    "password": 'planted-"quoted"-1',
    "database": "postgresql://user:planted-in-url@host/db",
    "users": [{"email": "ada@example.com", "password": "planted-in-list", "passwort": "planted-misspelt"}],
}
PLANTED = {
    'planted-"quoted"-1',
    'planted-\\"quoted\\"-1',
    "planted-on-host",
    "planted-in-url",
    "planted-in-list",
    "planted-misspelt",
}


@pytest.fixture
def probe(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library/probe.py").write_text(f"#!/usr/bin/python\nfrom __future__ import annotations\n{PROBE}")


@pytest.mark.law
@pytest.mark.usefixtures("probe")
def test_no_secret_leaves_a_module_whatever_it_says(run_playbook):
    refused = {
        "unknown suboption": {"place": {"secret_access_key": "planted-boto-name"}},
        "secret of another type": {"password": ["planted-it's-listed"], "fails": "error"},
        "suboption of another type": {"place": [{"secret_key": {"a": "planted-it's-nested"}}], "fails": "defect"},
        "suboptions in a text": {"place": "secret_access_key=planted-in-text"},
        "unknown option": {"passwort": "planted-unknown"},
        "list of another type": {"users": "planted-no-list"},
    }
    tasks = [
        {"name": "well", "probe": OPTIONS},
        *({"name": name, "probe": {**OPTIONS, **more}} for name, more in refused.items()),
        {"name": "error", "probe": {**OPTIONS, "fails": "error"}},
        {"name": "defect", "probe": {**OPTIONS, "fails": "defect"}},
    ]
    blocks = [{"name": task["name"], "block": [task], "rescue": [{"ansible.builtin.meta": "noop"}]} for task in tasks]

    run = run_playbook(blocks, verbosity=3, diff=True)

    planted = {"planted-boto-name", "planted-it", "planted-in-text", "planted-unknown", "planted-no-list"}
    assert_no_secret(run, PLANTED | planted)
    assert [task.status for task in run.tasks] == ["ok", *["failed"] * len(refused), "failed", "failed"]
    for part in ("warned of ['********', 'postgresql://user:********@host/db'", "deprecated ['********'"):
        assert part in run.output
    assert "ada@example.com" in run.task("error").message
