# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import tarfile
from unittest.mock import ANY

import pytest

from support.law import Case, Refused, Step

MODULE = "convosphere_support_bundle"
DOCUMENTS = [{"path": "README.txt", "content": "Grüße\n"}, {"path": "db-1/status.json", "content": "{}"}]


@pytest.mark.law
def test_law(run_law, tmp_path):
    path = tmp_path / "prod.tar.gz"
    options = {"path": str(path), "name": "prod", "documents": DOCUMENTS}
    changed = [*DOCUMENTS, {"path": "logs.txt", "content": "x"}]
    outside = [{"path": "../x", "content": ""}, {"path": "/x", "content": ""}, {"path": "x"}]
    run_law(
        MODULE,
        cases=[
            Case(
                "create",
                options,
                diff={"before": {}, "after": {str(path): {"sha256": ANY}}},
                returns={"path": str(path), "documents": ["README.txt", "db-1/status.json"]},
            ),
            Case(
                "change",
                {**options, "documents": changed},
                diff={"before": {str(path): {"sha256": ANY}}, "after": {str(path): {"sha256": ANY}}},
            ),
        ],
        refused=[
            Refused("no directory", {**options, "path": str(tmp_path / "no/x.tar.gz")}, "there is no directory"),
            Refused("no archive", {**options, "path": str(tmp_path / "x.txt")}, "ends with .tar.gz"),
            Refused("elsewhere", {**options, "documents": outside}, "3 problems: documents[0].path is '../x'"),
        ],
    )
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".convosphere-")] == []


def test_in_a_directory_it_has_its_name_and_the_documents(run_steps, tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    run = run_steps(
        MODULE, [Step("write", {"path": str(folder), "name": "prod", "documents": DOCUMENTS}, changed=True)]
    )

    with tarfile.open(run.task("write").result["path"]) as archive:
        assert archive.getnames() == ["prod/README.txt", "prod/db-1/status.json"]
        content = archive.extractfile("prod/README.txt")
        assert content is not None
        assert content.read().decode() == "Grüße\n"
    assert [each.name for each in folder.iterdir()] == ["prod.tar.gz"]
