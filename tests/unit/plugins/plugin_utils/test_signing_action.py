# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of the controller, by the real ssh-keygen and agent. Whole runs: tests/integration/test_convosphere_hold.py."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.convosphere.platform.plugins.module_utils._people import signatures
from ansible_collections.convosphere.platform.plugins.plugin_utils import _signing_action


def new_key(path: Path, passphrase: str = "") -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(path)], check=True)
    return path


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run an SSH agent without keys."""
    output = subprocess.run(["ssh-agent", "-s", "-a", str(tmp_path / "agent")], capture_output=True, check=True).stdout
    process = re.search(rb"SSH_AGENT_PID=([0-9]+)", output)
    assert process
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    yield
    os.kill(int(process[1]), 15)


@pytest.mark.usefixtures("agent")
@pytest.mark.parametrize("given", ["key", "key.pub"])
def test_a_key_that_the_agent_has_signs_without_its_file(tmp_path, given):
    key = new_key(tmp_path / "key")
    subprocess.run(["ssh-add", "-q", str(key)], check=True)
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", "planted-passphrase", "-f", str(key)], check=True)
    public = _signing_action.public_key(tmp_path / given)

    signature = _signing_action.sign("text", tmp_path / given, "convosphere-holds")

    assert signatures.is_valid("text", signature, public, "convosphere-holds")


def test_a_key_that_signs_is_usable(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    key = new_key(tmp_path / "a key")

    path, public = _signing_action.usable("~/a key", signs=True)

    assert path == key
    assert signatures.is_valid("", _signing_action.sign("", path, "convosphere-holds"), public, "convosphere-holds")


def test_a_key_with_a_passphrase_that_no_agent_has_does_not_ask_and_is_refused_before_anything_changes(
    tmp_path, monkeypatch
):
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    key = new_key(tmp_path / "key", "planted-passphrase")
    _signing_action.public_key(key)

    message = r"Cannot sign with controller_signing_key .*ssh-keygen on the controller failed.*Nothing was changed"
    with pytest.raises(AnsibleActionFail, match=message):
        _signing_action.usable(str(key), signs=True)
    assert _signing_action.usable(str(key), signs=False)[1] == (tmp_path / "key.pub").read_text().strip()


@pytest.mark.parametrize("given", ["none", "/", ".", "~nobody-of-this-name/key", "nul\0"])
def test_what_is_no_key_is_refused_before_anything_changes(tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AnsibleActionFail, match=r"Cannot read controller_signing_key .*Nothing was changed"):
        _signing_action.usable(given, signs=False)


def test_each_text_that_is_not_written_is_a_warning():
    result = {"changed": True, "unsigned": {"run-1": "text", "run-2": "text"}, "warnings": ["before"]}

    assert _signing_action.warned(result, "{} is left")["warnings"] == ["before", "run-1 is left", "run-2 is left"]
    assert _signing_action.warned({"unsigned": {}}, "{} is left") == {"unsigned": {}}
    assert _signing_action.warned({"failed": True}, "{} is left") == {"failed": True}
