# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""prod over four hosts, for all tests of this folder: they run in the order of their files, and leave prod serving."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from support.load import token
from support.playbook import PlaybookRun
from support.remote_host import watched_processes
from support.several import Several, several


@dataclass(frozen=True)
class First:
    """The first deploy, and the command lines that were seen on the hosts meanwhile."""

    prod: Several
    run: PlaybookRun
    processes: frozenset[str]


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Several]:
    """Yield the four hosts, at first with nothing deployed."""
    with several(tmp_path_factory.mktemp("several")) as found:
        yield found


@pytest.fixture(scope="session")
def first(empty: Several) -> First:
    """Return the first deploy."""
    with ExitStack() as stack:
        watched = [stack.enter_context(watched_processes(host)) for host in empty.hosts.values()]
        run = empty.run("deploy.yml", verbosity=3, diff=True).succeeded()
    return First(empty, run, frozenset().union(*(processes() for processes in watched)))


@pytest.fixture(scope="session")
def prod(first: First) -> Several:
    """Return prod, deployed."""
    return first.prod


@pytest.fixture(scope="session")
def access(prod: Several) -> str:
    """Return the token of an administrator."""
    return token(prod)
