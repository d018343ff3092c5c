# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from unittest.mock import ANY

import pytest

from support.law import Case, Refused

MODULE = "convosphere_secret_file"


@pytest.mark.law
def test_law(run_law, tmp_path):
    folder, tree, public = tmp_path / "own", tmp_path / "tree/below", tmp_path / "public"
    for each in (folder, tree, public):
        each.mkdir(parents=True)
    (tmp_path / "tree/.git").mkdir()
    public.chmod(0o1777)
    (folder / "open.env").write_text("")
    (folder / "open.env").chmod(0o644)
    path = str(folder / "prod.env")
    options = {"path": path, "content": 'SECRET_KEY="planted-one"\n'}
    changed = {**options, "content": 'SECRET_KEY="planted-two"\n'}

    def refused(name: str, where: object, message: str) -> Refused:
        return Refused(name, {**options, "path": str(where)}, message)

    run_law(
        MODULE,
        cases=[
            Case("create", options, diff={"before": {}, "after": {path: {"content": ANY}}}, returns={"path": path}),
            Case("change", changed, diff={"before": {path: {"content": ANY}}, "after": {path: {"content": ANY}}}),
        ],
        refused=[
            refused("no directory", tmp_path / "no/prod.env", "there is no directory"),
            refused("a directory", folder, "it is no regular file"),
            refused("mode", folder / "open.env", "the file exists with the mode 0644, and 0600 is needed"),
            refused("public", public / "prod.env", "every user may write to"),
            refused("tree", tree / "prod.env", "is a working tree, from which it could be committed"),
        ],
    )
    assert (folder / "prod.env").read_text() == changed["content"]
    assert (folder / "prod.env").stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in folder.iterdir()) == ["open.env", "prod.env"]
