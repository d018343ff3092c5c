# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environments that tests of the playbooks share: to bring one up takes longer than most of them.

`itest` is that of the stack, `dbtest` that of the database, its backups and its maintenance, `keys` that of secrets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from support.environment import QUICK_START, SERVICES, Environment, environment, stop
from support.platform_database import empty, platform_tables
from support.playbook import PlaybookRun
from support.sandbox import Sandbox

#: With everything in it that a shell, YAML, Jinja, Compose, a URL or an environment file could take for its own.
SECRETS = {
    "OPENAI_API_KEY": "planted $HOME ${PATH} $$ 'single' \"double\" \\n # % & ; é",
    "POSTGRES_PASSWORD": "planted@/:?#[]%2F$pass'word\"",
}


#: Whose tests of playbooks share which environment.
SHARED = {
    "dbtest": ("backup", "database", "maintenance", "restore"),
    "itest": (
        "bundle",
        "deploy",
        "deploy_edge",
        "deploy_load",
        "deploy_refused",
        "drift",
        "edge_maintenance",
        "health",
        "hooks",
        "logs",
        "mcp",
        "services",
        "setup",
        "status",
        "teardown",
    ),
    "keys": ("secrets", "secrets_interrupted", "secrets_rotation"),
}


#: What takes longest, longest first. One of them begun last would leave the other workers without work.
LONGEST = (
    "itest",
    "dbtest",
    "keys",
    "test_playbook_deploy_schema",
    "test_playbook_schedules_awx",
    "test_convosphere_stack",
    "test_playbook_rollback",
    "test_playbook_config",
    "test_convosphere_stack_beside",
    "test_playbook_schedules",
    "test_convosphere_service",
    "test_convosphere_stack_faults",
    "test_restore_platform",
    "test_role_environment_lock",
    "test_convosphere_user",
    "test_playbook_users",
    "test_managed_database",
    "test_convosphere_db_restore",
    "test_convosphere_db_backup",
    "test_convosphere_stack_release",
    "test_convosphere_db_backup_boot",
    "test_minio_platform",
    "test_playbook_content",
    "test_convosphere_db_upgrade_rehearsal",
    "test_playbook_environments",
    "test_convosphere_db_migration",
    "test_convosphere_db_restore_faults",
    "test_convosphere_db_backup_verify",
    "test_convosphere_stack_schema",
    "test_convosphere_edge_maintenance",
)


def scope_of(nodeid: str) -> str:
    """Return what a test shares with others: an environment, or what its file sets up."""
    file = nodeid.split("::")[0].rpartition("/")[2].removesuffix(".py")
    playbook = file.removeprefix("test_playbook_")
    return next((name for name, playbooks in SHARED.items() if file != playbook and playbook in playbooks), file)


class ByEnvironment(LoadScopeScheduling):
    """Keeps on one worker the tests of one file, since they share what it sets up, and all that share an environment.

    The marks of pytest-xdist's own --dist=loadgroup have no effect with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByEnvironment:
    """Return the scheduler by which pytest-xdist distributes tests, in the order of `pytest_collection_modifyitems`."""
    config.option.loadscopereorder = False
    return ByEnvironment(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    ranks = {scope: rank for rank, scope in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(scope_of(item.nodeid), len(ranks)))


@pytest.hookimpl(trylast=True)  # after what the test itself put back
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Stop a shared environment after the last test of it: its health checks would slow down all that come after."""
    scope = scope_of(item.nodeid)
    # One after the other, as without workers, the tests of a scope do not follow each other.
    alone = not hasattr(item.config, "workerinput")
    if scope in SHARED and not alone and (nextitem is None or scope_of(nextitem.nodeid) != scope):
        stop(scope)


@dataclass(frozen=True)
class Deploys:
    """The first three deploys of an environment, and what was on the machine before and after the first of them."""

    before: dict[str, Any]
    check: PlaybookRun
    after_check: dict[str, Any]
    first: PlaybookRun
    again: PlaybookRun


@pytest.fixture(scope="session")
def tables_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Yield a PostgreSQL that all files of tests on one worker share: a start takes longer than most of their tests."""
    with platform_tables(tmp_path_factory.mktemp("images")) as running:
        yield running


@pytest.fixture(scope="module")
def tables(tables_of_all: Sandbox) -> Iterator[Sandbox]:
    """Yield a PostgreSQL whose template database has the platform's tables, and no database of another file's tests."""
    yield tables_of_all
    empty(tables_of_all)


@pytest.fixture(scope="session")
def itest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """Yield the environment, not deployed yet."""
    with environment("itest", tmp_path_factory.mktemp("itest"), {"stack_secrets": SECRETS}) as found:
        yield found


@pytest.fixture(scope="session")
def deploys(itest: Environment) -> Deploys:
    """Deploy to an empty host in check mode, then for real with full output, and again."""
    return Deploys(
        before=itest.traces(),
        check=itest.run("deploy.yml", check=True, diff=True),
        after_check=itest.traces(),
        first=itest.run("deploy.yml", diff=True, verbosity=3),
        again=itest.run("deploy.yml"),
    )


@pytest.fixture
def live(itest: Environment, deploys: Deploys) -> Environment:
    """Return the environment, up: deployed again if the previous test stopped or broke it."""
    deploys.first.succeeded()
    if itest.states() != dict.fromkeys(SERVICES, "running"):
        itest.run("deploy.yml").succeeded()
    return itest


@pytest.fixture(scope="session")
def dbtest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """Yield the environment `dbtest`, up. A test that changes its data, or stops a service, repairs it."""
    folder = tmp_path_factory.mktemp("dbtest")
    variables = {"stack_secrets": SECRETS, "maintenance_lock": str(folder / "run/dbtest.maintenance"), **QUICK_START}
    with environment("dbtest", folder, variables) as found:
        found.run("deploy.yml").succeeded()
        yield found


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """Yield the environment `keys`, up, to which the inventory gives one secret, and which has MinIO."""
    variables = {"stack_secrets": {"OPENAI_API_KEY": "planted-openai-key"}, "stack_minio": True}
    with environment("keys", tmp_path_factory.mktemp("keys"), variables) as found:
        found.run("deploy.yml").succeeded()
        yield found
