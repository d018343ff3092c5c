# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import json
import os

import pytest

from support.law import Refused

MODULE = "convosphere_config_info"
PLANTED = "planted-secret-key"
FIELDS = {"value": "DEBUG", "reason": "Uploads fail.", "by": "ada", "at": "2026-01-01T00:00:00Z"}


@pytest.mark.law
def test_law(run_info_law, tmp_path):
    overrides = {
        "LOG_LEVEL": {**FIELDS, "until": "2126-01-01T00:00:00Z"},
        "APP_NAME": {**FIELDS, "until": "2026-01-02T00:00:00Z"},
    }
    (tmp_path / "overrides.json").write_text(json.dumps({"overrides": overrides}))
    (tmp_path / ".env").write_text(f'POSTGRES_TLS_KEY="{PLANTED}"\nEMPTY=""\n')
    mark = hashlib.sha256(f"POSTGRES_TLS_KEY={PLANTED}".encode()).hexdigest()[:16]
    started = {"started": "2026-01-01T00:00:00Z", "by": "ada"}
    rotation = {**started, "values": {}, "extra": {}, "login": "", "reissued": {"POSTGRES_TLS_KEY": mark}}
    (tmp_path / "secrets.json").write_text(json.dumps({"ages": {}, "rotation": rotation}))
    (tmp_path / "secrets.json").chmod(0o600)
    os.utime(tmp_path / ".env", (0, 0))
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "overrides.json").write_text("{}")

    run_info_law(
        MODULE,
        {"project_src": str(tmp_path)},
        returns={
            "overrides": [
                {"name": "APP_NAME", **overrides["APP_NAME"], "active": False},
                {"name": "LOG_LEVEL", **overrides["LOG_LEVEL"], "active": True},
            ],
            "active": {"LOG_LEVEL": "DEBUG"},
            "expired": ["APP_NAME"],
            "in_progress": False,
            "secrets": {"POSTGRES_TLS_KEY": {"since": None, "unchanged_since": "1970-01-01T00:00:00Z"}},
            "rotation": {**started, "names": ["POSTGRES_TLS_KEY"], "serves": False, "reissue": ["POSTGRES_TLS_KEY"]},
        },
        refused=[Refused("broken record", {"project_src": str(broken)}, "overrides.json is no record of overrides")],
        secrets=[PLANTED],
    )


def test_a_directory_that_is_not_there_has_nothing(run_info_law, tmp_path):
    nothing = {"overrides": [], "active": {}, "expired": [], "in_progress": False, "secrets": {}, "rotation": None}
    file = tmp_path / "file"
    file.write_text("")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/.env").write_text("not a variable")

    run_info_law(
        MODULE,
        {"project_src": str(tmp_path / "absent")},
        returns=nothing,
        refused=[
            Refused("broken .env", {"project_src": str(tmp_path / "other")}, "Line 1 of the file .env is not NAME")
        ],
    )
