# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils import _secret_request

KEY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


@pytest.mark.parametrize(
    ("rotate", "file", "names", "recipient"),
    [
        ([], "", [], ""),
        (["SECRET_KEY"], "", [], ""),
        ([], "keys.env", [], ""),
        ([], "keys.env", ["SECRET_KEY"], KEY),
        ([], "$FOLDER/keys.env", [], ""),
    ],
)
def test_what_belongs_together_is_accepted(tmp_path, monkeypatch, rotate, file, names, recipient):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOLDER", str(tmp_path))

    assert list(_secret_request.problems(rotate, file, names, recipient)) == []


@pytest.mark.parametrize(
    ("rotate", "file", "names", "recipient", "expected"),
    [
        (["SECRET_KEY"], "keys.env", [], "", "rotate and fetch_to are given together. Rotate first"),
        ([], "", ["SECRET_KEY"], "", "names is given without fetch_to. Give fetch_to too, or leave names out"),
        (["SECRET_KEY"], "", [], KEY, "recipient is given without fetch_to"),
        ([], "nowhere/keys.env", [], "", "fetch_to has nowhere/keys.env: there is no directory nowhere. Create it"),
        ([], "id_rsa", [], "", "fetch_to has id_rsa: the file exists, and no run has fetched it. Remove it, or give"),
        ([], "~no-such-user/keys.env", [], "", "fetch_to has ~no-such-user/keys.env: the user behind ~ has no home"),
        ([], "keys.env", [], "planted-key", "recipient is not a public key of age. Give the one that age-keygen"),
    ],
)
def test_what_does_not_is_refused(tmp_path, monkeypatch, rotate, file, names, recipient, expected):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "id_rsa").touch(0o600)
    (tmp_path / "id_rsa").write_text("planted-private-key")

    [problem] = _secret_request.problems(rotate, file, names, recipient)

    assert problem.startswith(expected)
    assert "planted" not in problem
