# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One machine for all tests, brought step by step to where prod runs on it; each test asks for the step it needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from support.playbook import PlaybookRun
from support.rehearsal import HOST, Rehearsal, build_images, images
from support.remote_host import remote_host, watched_processes


@dataclass(frozen=True)
class Step:
    """A run, all of the host's files before and after it, and the command lines that were seen there meanwhile."""

    prod: Rehearsal
    run: PlaybookRun
    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    processes: frozenset[str] = frozenset()


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Yield the rehearsal, at first with an empty host."""
    build_images(tmp_path_factory.mktemp("images"))
    folder = tmp_path_factory.mktemp("prod")
    with remote_host(folder) as host:
        yield Rehearsal({HOST: host}, folder)


@pytest.fixture(scope="session")
def checked(prod: Rehearsal) -> Step:
    """Run deploy.yml in check mode on a host with sshd, sudo and Python only."""
    before = frozenset(prod.traces())
    run = prod.run("deploy.yml", check=True, diff=True).succeeded()
    return Step(prod, run, before, frozenset(prod.traces()))


@pytest.fixture(scope="session")
def prepared(checked: Step) -> Step:
    """Run setup.yml, and load the images into the engine that it installed."""
    prod = checked.prod
    run = prod.run("setup.yml", verbosity=3, diff=True).succeeded()
    prod.host.load_images(list(images().values()))
    return Step(prod, run)


@pytest.fixture(scope="session")
def deployed(prepared: Step) -> Step:
    """Return the first deploy."""
    prod = prepared.prod
    with watched_processes(prod.host) as processes:
        run = prod.run("deploy.yml", verbosity=3, diff=True).succeeded()
    return Step(prod, run, processes=frozenset(processes()))


@pytest.fixture(scope="session")
def deployed_again(deployed: Step) -> Step:
    """Return the second deploy."""
    return Step(deployed.prod, deployed.prod.run("deploy.yml", diff=True).succeeded())
