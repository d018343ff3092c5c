# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the steps of a migration in their order: record some revisions, have others run or undone.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

from .migration_plan import RECORD, Migration
from .revisions import Code
from .schema_repository import SchemaRepository


def run_all(
    migration: Migration, code: Code, repository: SchemaRepository, run: Callable[[str, list[str]], None]
) -> None:
    """Record revisions in the database; for consecutive ones that RUN or UNDO call ``run(action, names)``."""
    done: set[str] = code.closure(migration.before)
    repository.prepare(create=migration.creates, widen=migration.widen)
    for action, group in groupby(migration.steps, lambda step: step.action):
        names = [step.revision.id for step in group]
        if action == RECORD:
            done |= set(names)
            repository.record(code.tips(done))
        else:
            repository.commit()
            run(action, names)
            done |= set(names)
