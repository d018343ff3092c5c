# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret, VaultSecretsContext
from ansible_collections.convosphere.platform.plugins.lookup.vaulted import LookupModule

KEY = [("default", VaultSecret(b"key"))]
PLAIN = "note: plain-note-of-all\n"


@pytest.fixture
def load(tmp_path: Path):
    """Load the variables in a text, from a file that is encrypted as a whole or not."""

    def call(text: str, *, encrypted: bool) -> dict[str, Any]:
        path = tmp_path / f"{'vault' if encrypted else 'main'}.yml"
        path.write_bytes(VaultLib(KEY).encrypt(text) if encrypted else text.encode())
        loader = DataLoader()
        loader.set_vault_secrets(KEY)
        return dict(loader.load_from_file(str(path), cache="none"))

    return call


def found(options: dict[str, Any], variables: dict[str, Any]) -> list[str]:
    return LookupModule().run([options], variables)


def test_a_value_of_an_encrypted_file_is_found_however_it_got_into_a_text(load):
    variables = load("vault_smtp: 'planted pass/word-1'\nvault_port: 587\nlist: [{a: planted-2222}]\n", encrypted=True)

    assert found({"settings": {"URL": "smtp://u:planted%20pass%2Fword-1@host"}}, variables) == [
        "settings has the value of vault_smtp in it"
    ]
    assert found({"override": "a: planted pass/word-1\nb: planted-2222"}, variables) == [
        "override has the value of vault_smtp in it",
        "override has the value of list[0].a in it",
    ]
    assert found({"override": {"ports": ["587:587", "8587"]}}, variables) == []


def test_a_value_itself_is_found_even_if_it_is_short_or_a_common_word(load):
    variables = load("vault_user: convosphere\nvault_pin: 1234\n", encrypted=True)
    options = {"settings": {"USER": variables["vault_user"], "PINS": [variables["vault_pin"]]}}

    assert [sentence.split(" comes from the encrypted file ")[0] for sentence in found(options, variables)] == [
        "settings.USER",
        "settings.PINS[0]",
    ]
    assert found({"override": "image: convosphere/backend"}, variables) == []


def test_an_option_in_an_encrypted_file_is_not_explained_by_itself(load):
    variables = load("images:\n  backend: registry.example.com/backend:1\n", encrypted=True)

    (sentence,) = found({"images": variables["images"]}, variables)
    assert sentence.startswith("images.backend comes from the encrypted file ")


def test_a_value_that_is_encrypted_by_itself_is_found_in_a_text(load, monkeypatch):
    monkeypatch.setattr(VaultSecretsContext, "_current", VaultSecretsContext(secrets=KEY))
    cipher = VaultLib(KEY).encrypt("planted-inline-1").decode().replace("\n", "\n  ")
    variables = load(f"own: !vault |\n  {cipher}\n{PLAIN}", encrypted=False)

    assert found({"override": "x: planted-inline-1"}, variables) == ["override has the value of own in it"]


def test_values_of_plain_files_and_of_ansible_itself_are_not_found(load):
    variables = {**load(PLAIN, encrypted=False), "hostvars": load("a: planted-of-other-1\n", encrypted=True)}

    assert (
        found({"override": f"x: {variables['note']} planted-of-other-1", "nothing": None, "on": True}, variables) == []
    )


def test_anything_but_dictionaries_is_refused():
    with pytest.raises(AnsibleLookupError, match="takes dictionaries of options"):
        LookupModule().run(["stack_settings"], {})
