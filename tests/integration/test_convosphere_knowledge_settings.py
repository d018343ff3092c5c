# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._content.knowledge_settings import KNOWLEDGE_SETTINGS

from support.law import Case, Refused, Step
from support.platform_database import PlatformDatabase
from support.sandbox import Sandbox

MODULE = "convosphere_knowledge_settings"
NAME = "knowledge_settings"
DEFAULTS = {name: field.default for name, field in KNOWLEDGE_SETTINGS.fields.items()}
#: Every setting with a value of its own.
OTHERS = {
    "chunk_size": 800,
    "chunk_overlap": 0,
    "embedding_model": "einbettung-ü",
    "index_type": "vector",
    "metadata_extraction": False,
    "auto_tagging": False,
    "search_algorithm": "bm25",
    "max_file_size": 1048576,
    "supported_file_types": ["text/plain", "application/x-ü"],
    "processing_timeout": 60,
    "batch_size": 100,
    "enable_cache": False,
    "cache_expiry": 86400,
}


@pytest.fixture
def database(tables: Sandbox) -> PlatformDatabase:
    database = PlatformDatabase(tables)
    database.query("DELETE FROM knowledge_settings")
    return database


@pytest.mark.law
def test_law(run_law, database):
    login = database.login
    run_law(
        MODULE,
        cases=[
            Case(
                "create",
                {**login, "chunk_size": 700},
                diff={"before": {}, "after": {NAME: {**DEFAULTS, "chunk_size": 700}}},
                returns={"created": [NAME], "updated": {}, "deleted": [], "unchanged": []},
            ),
            Case(
                "change",
                {**login, **OTHERS},
                diff={"before": {NAME: {**DEFAULTS, "chunk_size": 700}}, "after": {NAME: OTHERS}},
                returns={"updated": {NAME: sorted(OTHERS)}},
            ),
            Case(
                "clear a list",
                {**login, "supported_file_types": []},
                diff={
                    "before": {NAME: {"supported_file_types": OTHERS["supported_file_types"]}},
                    "after": {NAME: {"supported_file_types": []}},
                },
            ),
        ],
        refused=[
            Refused(
                "every problem at once",
                {**login, "chunk_size": 99, "max_file_size": 1, "index_type": ""},
                "3 problems: knowledge settings: chunk_size is 99, and must be at least 100 and at most 2000",
            ),
            Refused(
                "an overlap that is not less than the size of the row",
                {**login, "chunk_overlap": 500, "chunk_size": 400},
                "knowledge settings: chunk_overlap is 500, and must be less than chunk_size, which is 400: give both",
            ),
            Refused("too long", {**login, "embedding_model": "x" * 201}, "has 201 characters, and at most 200 fit"),
        ],
        in_playbook=False,
    )
    assert database.query("SELECT count(*), min(batch_size) FROM knowledge_settings") == [(1, 100)]


def test_of_several_rows_the_newest_stays(run_steps, database):
    columns = ", ".join(name for name in DEFAULTS if name != "chunk_size")
    copy = (
        f"INSERT INTO {NAME} (id, created_at, chunk_size, {columns})"  # noqa: S608 - names of this file
        f" SELECT gen_random_uuid(), now() - interval '1 day', 900, {columns} FROM {NAME}"
    )
    run_steps(MODULE, [Step("create", {**database.login, "chunk_size": 700}, changed=True)])
    database.query(copy)
    run_steps(
        MODULE,
        [
            Step("check", database.login, check=True, changed=True),
            Step("heal", database.login, changed=True),
            Step("again", database.login, changed=False),
        ],
    )

    assert database.query("SELECT chunk_size FROM knowledge_settings") == [(700,)]
