# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret, VaultSecretsContext
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.convosphere.platform.plugins.lookup import secret_sources

OTHER_KEY = [("default", VaultSecret(b"key"))]
INVENTORY = """
in_vars: "{{ lookup('env', 'PLANTED_B') }}"
in_more: "{{ in_vars }}"
stack_secrets:
  PLAIN: planted-plain
  OWN: "{{ lookup('env', 'PLANTED_A') }}"
  FAR: "Bearer {{ in_more }}"
  LIST: "{{ query('env', 'PLANTED_A') | first }}"
  UNSET: "{{ lookup('env', 'PLANTED_C') | default('planted-else', true) }}"
  EXTRA: "{{ openai_key }}"
  CIRCLE: "{{ circle | default('x') }}{{ not_closed"
circle: "{{ circle }}"
"""
EXPECTED = {
    "PLAIN": "inventory",
    "OWN": "inventory (environment variable)",
    "FAR": "inventory (environment variable)",
    "LIST": "inventory (environment variable)",
    "UNSET": "inventory",
    "EXTRA": "inventory (extra variable)",
    "CIRCLE": "inventory",
}
#: A variable that cannot be rendered is no problem as long as nothing uses it.
OF_ANOTHER_HOST = """
all:
  hosts:
    db:
      db_password: planted-db
      later: "{{ not_defined }}"
    app:
      own: planted-own
      stack_secrets:
        A: "{{ hostvars['db']['db_password'] }}"
        B: "{{ vars['own'] }}"
"""


@pytest.fixture
def find(tmp_path: Path, monkeypatch):
    """Find the sources in the variables of a text, with these extra variables beside them."""
    monkeypatch.setenv("PLANTED_A", "planted-a")
    monkeypatch.setenv("PLANTED_B", "planted-b")
    loader = DataLoader()

    def call(text: str, extra: dict[str, Any]) -> dict[str, str]:
        path = tmp_path / "main.yml"
        path.write_text(text)
        loaded = loader.load_from_file(str(path), cache="none", trusted_as_template=True)
        variables = {**(loaded or {}), **extra}
        monkeypatch.setattr(secret_sources, "given_in_run", lambda _loader: extra)
        lookup = secret_sources.LookupModule(loader=loader, templar=Templar(loader=loader, variables=variables))
        [found] = lookup.run(["stack_secrets"], variables)
        return found

    return call


def test_a_secret_comes_from_where_its_value_is(find):
    assert find(INVENTORY, {"openai_key": "planted-extra"}) == EXPECTED


def test_a_dictionary_of_the_run_or_of_a_template_has_a_source_for_each_value(find):
    assert find("", {"stack_secrets": {"A": "planted"}}) == {"A": "extra variables"}
    joined = "stack_secrets: \"{{ {'A': lookup('env', 'PLANTED_A')} | combine({'B': 'planted-plain'}) }}\"\n"
    assert find(joined, {}) == {"A": "inventory (environment variable)", "B": "inventory"}
    assert find("stack_secrets: {}\n", {}) == find("stack_secrets: text\n", {}) == {}
    assert find("stack_secrets: {1: planted}\n", {}) == {"1": "inventory"}


def test_a_value_that_cannot_be_decrypted_is_of_vault_still(find, monkeypatch):
    mine = [("default", VaultSecret(b"another key"))]
    monkeypatch.setattr(VaultSecretsContext, "_current", VaultSecretsContext(secrets=mine))
    cipher = VaultLib(OTHER_KEY).encrypt("planted-inline-1").decode().replace("\n", "\n    ")

    assert find(f"stack_secrets:\n  A: !vault |\n    {cipher}\n", {}) == {"A": "inventory (vault)"}


def test_the_variables_of_other_hosts_are_not_rendered(tmp_path):
    (tmp_path / "hosts.yml").write_text(OF_ANOTHER_HOST)
    loader = DataLoader()
    inventory = InventoryManager(loader=loader, sources=[str(tmp_path / "hosts.yml")])
    manager = VariableManager(loader=loader, inventory=inventory)
    HostVars(inventory, manager, loader)
    variables = manager.get_vars(host=inventory.get_host("app"))
    lookup = secret_sources.LookupModule(loader=loader, templar=Templar(loader=loader, variables=variables))

    assert lookup.run(["stack_secrets"], variables) == [{"A": "inventory", "B": "inventory"}]


def test_only_a_variable_that_is_there_is_looked_at():
    with pytest.raises(AnsibleLookupError, match="takes the name of one variable"):
        secret_sources.LookupModule().run(["stack_secrets"], {})
