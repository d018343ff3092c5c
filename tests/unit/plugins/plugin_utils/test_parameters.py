# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import builtins
import keyword
import re

import pytest
from ansible.vars.reserved import get_reserved_names
from ansible_collections.convosphere.platform.plugins.plugin_utils._extra_vars import convert, role_variables
from ansible_collections.convosphere.platform.plugins.plugin_utils._one_offs import ONE_OFFS
from ansible_collections.convosphere.platform.plugins.plugin_utils._parameters import (
    PARAMETERS,
    find_parameter,
    parameters_of,
)
from ansible_collections.convosphere.platform.plugins.plugin_utils._verbs import VERBS, find_verb

from support.collection import ROOT, load_yaml, playbooks

NAMES = [parameter.name for parameter in PARAMETERS]
#: Names with a meaning of their own in a template, and the variables that Ansible sets itself.
TAKEN = {
    *("lookup", "query", "q", "now", "undef", "omit", "range", "dict", "namespace", "cycler", "joiner", "lipsum"),
    *("groups", "group_names", "hostvars", "inventory_hostname", "inventory_dir", "inventory_file", "play_hosts"),
    *("playbook_dir", "role_name", "role_path", "item", "environment", "vars", "true", "false", "none"),
}


def test_each_name_is_declared_once_for_a_playbook():
    for verb in VERBS:
        names = [parameter.name for parameter in parameters_of(verb.name)]
        assert len(names) == len(set(names))


@pytest.mark.parametrize("name", [*NAMES, *(item.name for item in ONE_OFFS)])
def test_no_name_is_reserved(name):
    # Ansible ignores a variable with the name of a keyword, or uses it as the keyword, with a warning at most.
    assert name not in get_reserved_names()
    assert name not in TAKEN
    assert not keyword.iskeyword(name)
    assert name == "set" or name not in dir(builtins)  # the statement of Jinja cannot be taken for a variable
    assert not name.startswith(("ansible_", "awx_", "tower_"))


@pytest.mark.parametrize("name", ["until", "port", "timeout", "tags", "environment", "debugger", "lookup"])
def test_names_that_could_not_be_parameters_would_be_found(name):
    assert name in get_reserved_names() | TAKEN


def test_no_parameter_is_a_role_variable_as_well():
    # An extra variable overrides the role's own, so that one name would have two meanings.
    assert set(NAMES) & role_variables() == set()


@pytest.mark.parametrize("parameter", PARAMETERS, ids=NAMES)
def test_defaults_and_examples_are_allowed_values(parameter):
    name, _separator, value = parameter.example.partition("=")

    assert name == parameter.name
    assert convert(parameter, value) not in (parameter.default, None)
    if parameter.default is not None:
        default = convert(parameter, None)
        # An empty list, dictionary or host means all as a default; given for a run it is a mistake.
        assert default in ([], {}) or parameter.narrows or convert(parameter, default) == default
        assert default.__class__ is {"str": str, "bool": bool, "int": int, "list": list, "dict": dict}[parameter.type]


def test_every_playbook_is_declared_and_every_declared_playbook_is_there():
    assert sorted(verb.name for verb in VERBS) == [path.stem for path in playbooks()]


@pytest.mark.parametrize("path", playbooks(), ids=lambda path: path.stem)
def test_a_playbook_reads_exactly_the_parameters_that_are_declared_for_it(path):
    read = set(re.findall(r"lookup\('convosphere\.platform\.parameter', '(\w+)'(?:, verb='\w+')?\)", path.read_text()))

    assert read == {parameter.name for parameter in parameters_of(path.stem) if parameter.verbs}


@pytest.mark.parametrize("path", [path for path in playbooks() if path.stem != "help"], ids=lambda path: path.stem)
def test_a_playbook_has_its_extra_variables_checked_before_it_has_hosts(path):
    assert [play["name"] for play in load_yaml(path) if f"verb='{path.stem}'" not in play["hosts"]] == []


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_examples_and_variables_of_a_playbook_exist(verb):
    given = re.findall(r"-e (\w+)=", verb.example)

    assert set(given) <= {item.name for item in parameters_of(verb.name)} | set(verb.variables)
    assert set(verb.variables) <= role_variables()


def test_verbs_of_parameters_exist():
    assert {verb for parameter in PARAMETERS for verb in parameter.verbs if find_verb(verb) is None} == set()


def test_what_is_not_declared_is_not_found():
    assert find_parameter("volume") is None
    assert find_parameter("state") is None  # several playbooks have one
    assert find_parameter("state", "services") is not find_parameter("state", "edge_maintenance")
    assert find_verb("teardown.yml") is None


@pytest.mark.parametrize("one_off", ONE_OFFS, ids=lambda one_off: one_off.name)
def test_a_role_variable_that_destroys_once_exists_and_does_nothing_by_default(one_off):
    role = one_off.name.partition("_")[0]
    defaults = load_yaml(ROOT / f"roles/{role}/defaults/main.yml")

    assert one_off.name in role_variables()
    assert defaults[one_off.name] == one_off.harmless
    assert not one_off.parameter or find_parameter(one_off.parameter)


def test_tasks_read_what_destroys_through_the_lookup_only():
    """Read directly, a value from an inventory would count."""
    names = "|".join(item.name for item in ONE_OFFS)
    # Neither a key of a mapping nor a name in a list of names is a reading.
    direct = re.compile(rf"(?<![\w'])(?<!^- )({names})\b(?!\w|:)")
    # For verification the backup may be named by anybody: it is only read.
    verification = ROOT / "roles/database/tasks/backup_verify.yml"
    files = [path for folder in ("tasks", "vars", "templates") for path in ROOT.glob(f"roles/*/{folder}/**/*.*")]
    offences = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if path != verification and not line.lstrip().startswith("#") and direct.search(line.lstrip())
    ]

    assert len(files) > 60
    assert offences == []
