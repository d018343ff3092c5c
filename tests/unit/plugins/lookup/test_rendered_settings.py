# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.convosphere.platform.plugins.lookup.rendered_settings import LookupModule

from support.collection import ROOT

#: The inventories of the collection, which are loaded together.
SOURCES = [str(ROOT / f"inventories/{name}/hosts.yml") for name in ("dev", "staging", "prod")]
#: Variables of the role, as far as the lookup takes them. Those that it has need the collection's filters.
ROLE: dict[str, Any] = {
    "__stack_rendered_settings": {
        "domain": "{{ __stack_domain }}",
        "size": "{{ stack_log_max_size }}",
        "environment": "{{ convosphere_environment }}",
    },
    "__stack_domain": "{{ stack_domain }}",
}


@pytest.fixture
def lookup() -> LookupModule:
    loader = DataLoader()
    return LookupModule(loader=loader, templar=Templar(loader=loader))


def trusted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: trusted(each) for key, each in value.items()}
    return trust_as_template(value)


@pytest.fixture
def variables() -> dict[str, Any]:
    """Return the variables of a task of the role for a host of dev, as far as the lookup reads them."""
    loader = DataLoader()
    inventory = InventoryManager(loader=loader, sources=SOURCES)
    manager = VariableManager(loader=loader, inventory=inventory)
    own = manager.get_vars(host=inventory.get_host("dev-local"), include_hostvars=False)
    leaking = {"stack_domain": "leaked.example", "stack_log_max_size": "leaked"}
    role = {name: trusted(value) for name, value in ROLE.items()}
    return {**own, **leaking, **role, "hostvars": HostVars(inventory, manager, loader)}


def test_the_settings_are_those_of_the_other_inventory_with_the_defaults_of_the_role(lookup, variables):
    (staging,) = lookup.run(["staging"], variables)
    (dev,) = lookup.run(["dev"], variables)

    assert staging == {"domain": "staging.convosphere.example", "size": "10m", "environment": "staging"}
    assert dev == {"domain": "", "size": "10m", "environment": "dev"}


def test_an_environment_that_is_not_there_is_named(lookup, variables):
    with pytest.raises(AnsibleLookupError, match="There is no environment 'stagin' with an app host"):
        lookup.run(["stagin"], variables)
