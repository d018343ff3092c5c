# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils._extra_vars import role_variables
from ansible_collections.convosphere.platform.plugins.plugin_utils._one_offs import ONE_OFFS
from ansible_collections.convosphere.platform.plugins.plugin_utils._parameters import PARAMETERS
from ansible_collections.convosphere.platform.plugins.plugin_utils._reference import (
    help_lines,
    insert,
    markdown,
    placements_markdown,
)
from ansible_collections.convosphere.platform.plugins.plugin_utils._verbs import VERBS, find_verb

from support.collection import ROOT


def test_the_reference_in_the_documentation_is_that_of_the_table():
    document = (ROOT / "docs/playbooks.md").read_text()

    assert insert(document) == document, "run: python scripts/reference.py"
    assert markdown() in document


def test_the_placements_in_the_documentation_are_those_of_the_table():
    document = (ROOT / "docs/topology.md").read_text()

    assert insert(document) == document, "run: python scripts/reference.py"
    assert placements_markdown() in document


def test_the_reference_names_every_playbook_and_every_parameter():
    named = [*(f"| `{verb.name}.yml` |" for verb in VERBS), *(f"| `{item.name}` |" for item in PARAMETERS)]

    assert [name for name in named if name not in markdown()] == []


def test_what_is_listed_as_policy_exists_and_may_stand_in_an_inventory():
    document = (ROOT / "docs/playbooks.md").read_text()
    rows = document.partition("**Policy**")[2].partition("\n## ")[0].splitlines()
    policy = {name for row in rows if row.startswith("| `") for name in re.findall(r"`(\w+)`", row.split("|")[1])}

    assert {"database_retention", "users_prune", "stack_releases_kept"} <= policy
    assert policy - role_variables() == set()
    assert policy & {item.name for item in ONE_OFFS} == set()


def test_tables_are_put_between_the_marks_once_and_again():
    document = (ROOT / "docs/playbooks.md").read_text()

    assert insert(insert(document)) == insert(document)
    assert insert(document).endswith(document[-100:])


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_help_of_a_playbook_names_its_parameters_and_no_others(verb):
    text = "\n".join(help_lines(verb))

    mine = {item.name for item in PARAMETERS if not item.verbs or verb.name in item.verbs}
    assert {item.name for item in PARAMETERS if f"-e {item.name}: " in text} == mine
    assert "-e env=prod" in text or verb.name == "help"


def test_help_of_all_says_what_holds_for_all_once():
    lines = help_lines(None)

    assert sum(line.startswith("  -e env:") for line in lines) == 1
    assert set(help_lines(find_verb("services"))) <= set(lines)
