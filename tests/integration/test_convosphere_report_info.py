# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._operations.report import page, store

from support import reports
from support.law import Refused

MODULE = "convosphere_report_info"


@pytest.mark.law
def test_law(run_info_law, tmp_path):
    first = reports.document()
    second = reports.document(first, run={**reports.options()["run"], "id": "4712", "ended": reports.at(1)})
    for document in (first, second, {**first, "environment": "dev", "run": "1"}):
        (tmp_path / f"{document['run']}.json").write_text(store.render(document))
    (tmp_path / "4712.html").write_text(page.render(second))
    (tmp_path / "notes.json").write_text("{}")
    options = {"environment_name": "prod", "reports_dir": str(tmp_path)}
    listed = [
        {
            **{name: document[name] for name in ("run", "started", "ended")},
            **document["verdict"],
            **{kind: f"{tmp_path}/{document['run']}.{kind}" for kind in ("html", "json")},
        }
        for document in (first, second)
    ]
    texts = {"html_content": page.render(second), "json_content": store.render(second)}
    run_info_law(
        MODULE,
        {**options, "content": True},
        returns={"reports": listed, "report": {**listed[1], **texts}},
        refused=[
            Refused("unknown", {**options, "content": True, "run": "9"}, "no report of the run 9"),
            Refused("no page", {**options, "content": True, "run": "4711"}, "4711.html is missing"),
            Refused("none", {**options, "content": True, "environment_name": "x"}, "There is no report in"),
        ],
    )
