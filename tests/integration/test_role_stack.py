# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role stack makes of its options, and refuses of them, before any host is looked at."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
from ansible.constants import DEFAULT_VAULT_ID_MATCH as VAULT_ID
from ansible.parsing.vault import VaultLib, VaultSecret

from support.playbook import PlaybookRun, run_playbook

SECRET = "planted-behind-a-vault"
PASSWORD = "of-the-vault"


def precheck(folder: Path, *arguments: str, show: str = "", **settings: Any) -> PlaybookRun:
    """Run the role's look at its options, and show what it makes of them."""
    tasks: list[dict[str, Any]] = [
        {
            "name": "Precheck",
            "ansible.builtin.import_role": {"name": "convosphere.platform.stack", "tasks_from": "precheck"},
        }
    ]
    if show:
        tasks.append({"name": "Show", "ansible.builtin.debug": {"msg": "{{ " + show + " }}"}})
    variables = {"convosphere_environment": "trial"}
    settings = {"verbosity": 3, "diff": True, **settings}
    return run_playbook(tasks, folder, extra_vars=variables, arguments=list(arguments), **settings)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (
            'stack_secrets={"OPENAI_API_KEY":"planted"}',
            "stack_secrets is no dictionary: on a command line it is given as "
            """-e '{"stack_secrets": {"name": "value"}}'.""",
        ),
        ('stack_settings={"LOG_LEVEL":"planted"}', "stack_settings is no dictionary"),
        ('stack_images={"backend":"planted"}', "stack_images is no dictionary"),
        (
            'stack_compose_override={"services":"planted"}',
            "stack_compose_override is text, and not that of a Compose file",
        ),
        ("stack_edge_denied=/planted,/b", "stack_edge_denied is text and no list"),
    ],
)
def test_text_that_looks_like_a_dictionary_is_told_in_one_sentence(tmp_path, option, said):
    run = precheck(tmp_path, "-e", option)

    message = run.failures[0].message
    assert said in message
    assert message.count(". ") == 0
    assert "planted" not in message


def test_a_port_that_is_text_makes_the_same_url(tmp_path):
    urls = {
        "http://localhost": {"stack_http_port": "80"},
        "http://localhost:8080": {"stack_http_port": "8080"},
        "https://a.example": {"stack_domain": "a.example", "stack_https_port": "443"},
        "https://a.example:8443": {"stack_domain": "a.example", "stack_https_port": "8443"},
    }
    role = {"name": "convosphere.platform.stack", "tasks_from": "precheck"}
    plays = [
        {
            "name": url,
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"convosphere_environment": "trial", **ports},
            "tasks": [
                {"name": "Precheck", "ansible.builtin.import_role": role},
                {"name": url, "ansible.builtin.debug": {"msg": "{{ __stack_public_url }}"}},
            ],
        }
        for url, ports in urls.items()
    ]

    run = run_playbook(plays, tmp_path).succeeded()

    assert {url: run.task(url).message for url in urls} == {url: url for url in urls}


@pytest.mark.parametrize(
    ("text", "option"),
    [
        (
            "stack_compose_override:\n  services:\n    tika:\n      environment:\n        KEY: ",
            "stack_compose_override",
        ),
        ("stack_compose_override:\n  services:\n    tika:\n      command:\n        - ", "stack_compose_override"),
        ("stack_settings:\n  SENTRY_DSN: ", "stack_settings"),
    ],
)
def test_an_encrypted_value_is_refused_where_a_diff_would_show_it(tmp_path, text, option):
    run = precheck(tmp_path, *vaulted(tmp_path, text))

    message = run.failures[0].message
    assert f"{option}." in message
    assert "comes from an encrypted value (!vault)" in message
    assert "stack_secrets" in message
    assert SECRET not in run.output
    assert "$ANSIBLE_VAULT" not in message


def test_an_encrypted_value_is_taken_among_the_secrets(tmp_path):
    arguments = vaulted(tmp_path, "stack_secrets:\n  OPENAI_API_KEY: ")

    run = precheck(tmp_path, *arguments, show=f"stack_secrets.OPENAI_API_KEY == '{SECRET}'", verbosity=0).succeeded()

    assert run.task("Show").result["msg"] is True


def vaulted(folder: Path, text: str) -> tuple[str, ...]:
    """Write a file of variables that starts with `text` and ends with an encrypted value; return its arguments."""
    secret = VaultSecret(PASSWORD.encode())
    cipher = VaultLib([(VAULT_ID, secret)]).encrypt(SECRET, secret).decode()
    (folder / "variables.yml").write_text(f"{text}!vault |\n{textwrap.indent(cipher, ' ' * 12)}")
    (folder / "password").write_text(PASSWORD)
    return ("-e", f"@{folder / 'variables.yml'}", "--vault-password-file", str(folder / "password"))
