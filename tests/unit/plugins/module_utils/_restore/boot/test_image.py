# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which release a backup belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._restore.boot.image import choose
from ansible_collections.convosphere.platform.plugins.module_utils._stack.kept_releases import Release

from support.backups import manifest_of

OURS = ["2025_08_14_add_agents"]


def release(identifier: str, image: str | None, heads: list[str] | None = None, **schema: Any) -> Release:
    record: dict[str, Any] = {"images": {"backend": f"ghcr.io/x/backend:1@{image}"} if image else {}}
    if heads is not None:
        record["schema"] = {"heads": heads, **schema}
    return Release(Path(f"/opt/releases/{identifier}"), record)


EARLY = release("20261120T000000000Z", "early", OURS)
SERVED = release("20261123T115959123Z", "served", OURS)
LATER = release("20261124T000000000Z", "later", OURS)
CASES = {
    "it served when the backup was created": ([LATER, SERVED, EARLY], "served"),
    "it is not kept, and the newest has the schema": ([LATER], "later"),
    "it needs another schema": ([LATER, release(SERVED.id, "served", ["other"]), EARLY], "later"),
    "none has the schema": ([release(LATER.id, "later", ["other"]), release(SERVED.id, "served", ["another"])], None),
    "the database was ahead after a rollback": ([release(SERVED.id, "served", ["older"], database=OURS)], "served"),
    "its schema is not recorded": ([LATER, release(SERVED.id, "served")], "served"),
    "another one's schema is not recorded": ([release(LATER.id, "later")], None),
    "backends run elsewhere": ([release(SERVED.id, None, OURS, image_id="sha256:1")], "sha256:1"),
    "its record is broken": ([Release(Path(f"/opt/releases/{SERVED.id}"), {}), EARLY], "early"),
    "none is kept": ([], None),
}


@pytest.mark.parametrize("case", CASES)
def test_the_image_is_that_of_the_release_that_served(case):
    kept, expected = CASES[case]

    assert choose(kept, manifest_of()) == expected
