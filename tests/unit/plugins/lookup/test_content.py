# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.template import Templar
from ansible_collections.convosphere.platform.plugins.lookup.content import LookupModule

KEY = [("default", VaultSecret(b"key"))]
TEXT = "tags: [{name: faq, description: {from_file: prompts/faq.md}}]\n"


@pytest.fixture
def content(tmp_path: Path, monkeypatch):
    """Look up a file of the working directory, which has the text prompts/faq.md."""
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts/faq.md").write_text("Fragen {{ und }} Antworten\n")
    monkeypatch.chdir(tmp_path)
    loader = DataLoader()
    loader.set_vault_secrets(KEY)
    monkeypatch.setattr(LookupModule, "set_options", lambda _self, **_options: None)
    monkeypatch.setattr(LookupModule, "get_option", lambda _self, _name: False)

    def call(name: str) -> Any:
        return LookupModule(loader=loader, templar=Templar(loader=loader)).run([name], {})

    return call


def test_files_are_read_and_decrypted(content, tmp_path):
    expected = [{"tags": [{"name": "faq", "description": "Fragen {{ und }} Antworten"}]}]
    (tmp_path / "prod.yml").write_text(TEXT)
    assert content("prod.yml") == expected

    for name in ("prod.yml", "prompts/faq.md"):
        path = tmp_path / name
        path.write_bytes(VaultLib(KEY).encrypt(path.read_text()))
    assert content("prod.yml") == expected


def test_texts_are_beside_the_file_that_a_link_leads_to(content, tmp_path):
    (tmp_path / "content.yml").write_text(TEXT)
    (tmp_path / "links").mkdir()
    (tmp_path / "links/prod.yml").symlink_to(tmp_path / "content.yml")

    assert content("links/prod.yml") == content("content.yml")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("", "", "No content file is given. Allowed: the path of one YAML file. Next: set content_file in the inv"),
        ("absent.yml", "", "There is no content file absent.yml, neither in "),
        ("prod.yml", "tag: []", "Cannot read the content: prod.yml: tag: there is no section 'tag'. Did you mean tags"),
        ("prod.yml", "tags: [", "Cannot read the content: prod.yml, line 2 is not valid YAML"),
        ("prod.yml", "$ANSIBLE_VAULT;1.1;AES256\n3030", "Cannot read the content file prod.yml: "),
    ],
)
def test_what_cannot_be_read_says_why(content, tmp_path, name, text, message):
    if text:
        (tmp_path / name).write_text(text)

    with pytest.raises(AnsibleLookupError) as error:
        content(name)

    assert str(error.value).startswith(message)
