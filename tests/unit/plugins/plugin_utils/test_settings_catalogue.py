# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import re

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils import _settings_catalogue as catalogues
from ansible_collections.convosphere.platform.plugins.plugin_utils import _settings_check, _stack_options

from support.collection import ROOT, load_yaml, role_variables

VERSIONS = catalogues.versions()


@pytest.fixture(params=VERSIONS)
def catalogue(request):
    return catalogues.load(request.param)


def test_there_is_a_catalogue_for_the_version_that_the_role_deploys():
    assert load_yaml(ROOT / "roles/stack/defaults/main.yml")["stack_version"] in VERSIONS


def test_a_catalogue_has_a_line_for_each_setting_sorted_by_name(catalogue):
    text = (catalogues.FOLDER / f"{catalogue.version}.json").read_text()
    names = re.findall(r'^ "(\w+)": \{.*\},?$', text, re.MULTILINE)

    assert names == sorted(catalogue.settings)
    assert len(text.splitlines()) == len(names) + 2
    assert len(names) > 180


def test_each_setting_has_a_type_an_effect_and_services_that_exist(catalogue):
    wrong = [
        each.name
        for each in catalogue
        if each.type not in catalogues.TYPES
        or each.effect not in catalogues.EFFECTS
        or not each.services
        or not set(each.services) <= set(_stack_options.SERVICES)
        or not isinstance(each.secret, bool)
        or each.json != (each.type in ("list", "dict"))
    ]

    assert wrong == []


def test_a_dotted_name_leads_to_its_environment_name(catalogue):
    dotted = [each.dotted for each in catalogue if each.dotted]

    assert len(set(dotted)) == len(dotted)
    assert [each.name for each in catalogue if each.dotted and each.dotted.upper().replace(".", "_") != each.name] == []
    assert catalogue.find("database.url") is catalogue.settings["DATABASE_URL"]
    assert catalogue.find("nothing.such") is None


def test_only_what_the_platform_documents_and_does_not_read_is_ignored(catalogue):
    assert {each.instead for each in catalogue if each.effect == "ignored"} <= {None, *catalogue.settings}
    assert [each.name for each in catalogue if each.instead and each.effect != "ignored"] == []


def test_the_platform_accepts_its_own_defaults(catalogue):
    # A default of None is an unset variable.
    refused = {
        each.name: reason
        for each in catalogue
        if each.default is not None and (reason := _settings_check.reason(each, each.default, production=False))
    }

    assert refused == {}


def test_the_settings_that_the_stack_derives_are_known(catalogue):
    derived = role_variables("stack")["__stack_backend_settings"]

    assert sorted(set(derived) - set(catalogue.settings)) == []


def test_a_version_without_a_catalogue_uses_the_newest():
    found = catalogues.load("9.9")

    assert (found.version, found.exact) == (VERSIONS[-1], False)
    assert catalogues.load(VERSIONS[0]).exact


def test_a_final_version_is_newer_than_its_beta(monkeypatch, tmp_path):
    for version in ("0.1.10", "0.1.2", "0.1.2-beta", "0.1.2-alpha"):
        (tmp_path / f"{version}.json").write_text(json.dumps({}))
    monkeypatch.setattr(catalogues, "FOLDER", tmp_path)

    assert catalogues.versions() == ["0.1.2-alpha", "0.1.2-beta", "0.1.2", "0.1.10"]
