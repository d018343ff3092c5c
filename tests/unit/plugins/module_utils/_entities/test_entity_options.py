# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of modules with a declared entity says what their declaration says."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._entities import entity_options
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity import Entity

from support.collection import argument_spec, module_names, rendered_docs

MODULES = [name for name in module_names() if {"prune", "planned", "list_name"} <= argument_spec(name).keys()]


def shape(option: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": option.get("type", "str"),
        "elements": option.get("elements"),
        "choices": option.get("choices"),
        "default": option.get("default"),
    }


def test_the_modules_are_found():
    assert {"convosphere_tag", "convosphere_ai_model", "convosphere_tool", "convosphere_assistant"} <= set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_options_are_documented_with_type_and_default(module):
    documented, spec = rendered_docs()[module]["doc"]["options"], argument_spec(module)

    assert {name: shape(option) for name, option in documented.items()} == {
        name: shape(option) for name, option in spec.items()
    }


@pytest.mark.parametrize("module", MODULES)
def test_the_options_of_a_listed_object_are_those_of_the_task(module):
    options, spec = rendered_docs()[module]["doc"]["options"], argument_spec(module)
    [listed] = [name for name, option in spec.items() if option.get("elements") == "dict" and f"{name}_file" in spec]
    shared = {*entity_options.argument_spec(Entity("x", "x", ("name",), {})), "x", "x_file", "xs", "xs_file"} - {
        "id",
        "state",
    }
    expected = {
        name: {**shape(option), "default": None}
        for name, option in spec.items()
        if name not in {*shared, listed, f"{listed}_file"}
    }

    assert {name: shape(option) for name, option in options[listed]["suboptions"].items()} == expected
    assert spec[f"{listed}_file"]["type"] == "path"
