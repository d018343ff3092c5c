# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts a playbook may touch, by environment and placement."""

from __future__ import annotations

DOCUMENTATION = r"""
name: hosts
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Select the hosts of one environment and placement
description:
  - Returns the host pattern of a play, for example V(app:&prod), for the environment that the variable O(env) names.
    A playbook of the collection names only its O(verb), and its hosts follow from the table in docs/topology.md.
  - Stops the run, before any host is reached, if O(env) is missing or unknown, if the environment has no host in the
    placement, and if C(--limit) leaves none of its hosts.
  - Stops it too unless the environment has hosts in edge and app, and exactly one in database, because several would
    each get a database of their own. A play that only reads says so with O(reads_only), unless the table knows that its
    O(verb) only reads.
  - With O(verb) it checks all extra variables as well. A parameter of a wrong type stops the run, and so does an
    unknown name that resembles a parameter or a role variable.
  - That a host belongs to no other environment, and that its variables are those of this one, is checked by the entry
    point C(guard) of the role C(convosphere.platform.environment), which every playbook of the collection runs first.
extends_documentation_fragment:
  - convosphere.platform.environment
options:
  _terms:
    description:
      - The placement group, V(app), V(database) or V(edge), or V(all) for all hosts of the environment.
      - Required without O(verb), and for a playbook that has several plays.
    type: list
    elements: str
  verb:
    description:
      - The playbook of the collection that the play is, for example V(teardown). Its parameters are checked.
      - Without it no extra variable is checked, since a play of your own has variables of its own.
    type: str
  reads_only:
    description: Whether the play changes nothing, so that it may run for an environment of several hosts.
    type: bool
    default: false
  departed:
    description:
      - Select only this host, which has left all placements of the environment and is still in its group. Any other
        host stops the run.
      - If it is empty, the hosts with a placement are selected.
    type: str
    default: ''
seealso:
  - plugin: convosphere.platform.parameter
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Restart the backend of the environment given by -e env=
  hosts: "{{ lookup('convosphere.platform.hosts', 'app') }}"
  gather_facts: false
  tasks:
    - name: Restart it
      convosphere.platform.convosphere_service:
        project_name: "convosphere-{{ env }}"
        environment_name: "{{ env }}"
        services: [backend]
        state: restarted
"""

RETURN = r"""
_raw:
  description: One host pattern.
  type: list
  elements: str
  sample: ["app:&prod"]
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from ansible import context
from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display
from ansible_collections.convosphere.platform.plugins.plugin_utils._extra_vars import (
    find_problems,
    find_useless,
    given_in_run,
)
from ansible_collections.convosphere.platform.plugins.plugin_utils._limit import hosts_left
from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import (
    PLACEMENTS,
    SCOPES,
    Topology,
    find_part,
    pattern,
    refuse_departed,
    refuse_hosts,
)
from ansible_collections.convosphere.platform.plugins.plugin_utils._verbs import VERBS, find_verb


class LookupModule(LookupBase):
    """The pattern of the hosts of one play in the environment that was asked for."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """Return ``["<placement>:&<environment>"]``; raise AnsibleLookupError if that is unsafe."""
        variables = variables or {}
        self.set_options(var_options=variables, direct=kwargs)
        verb = self.get_option("verb")
        problems = self._refuse_variables(verb) if verb else []
        scope = find_scope(terms, verb)
        environment, groups = self.get_option("env"), variables["groups"]
        problem = refuse(environment, scope, groups)
        departed = self.get_option("departed")
        if departed and not problem:
            problem = refuse_departed(Topology.of(environment, groups), departed)
        if not problem and not self._only_reads(verb, scope):
            problem = refuse_hosts(Topology.of(environment, groups))
        if problem or problems:
            raise AnsibleLookupError(" ".join([*problems, *([problem] if problem else [])]))
        load_filters()
        wanted = f"{departed}:&{environment}" if departed else pattern(Topology.of(environment, groups), scope)
        return [self._limited(wanted, environment, groups)]

    def _only_reads(self, verb: str | None, scope: str) -> bool:
        part = find_part(verb, scope) if verb else None
        return bool(self.get_option("reads_only")) or (part is not None and not part.changes)

    def _refuse_variables(self, verb: str) -> list[str]:
        if find_verb(verb) is None:
            raise AnsibleLookupError(f"There is no playbook '{verb}'. Allowed: {', '.join(v.name for v in VERBS)}.")
        given = given_in_run(self._loader)
        for name in find_useless(given, verb):
            Display().warning(f"The parameter {name} has no effect on {verb}.yml.")
        return find_problems(given, verb, self._templar.is_template)

    def _limited(self, pattern: str, environment: str, groups: Mapping[str, list[str]]) -> str:
        """Return the pattern; raise AnsibleLookupError if ``--limit`` leaves none of its hosts."""
        limit = context.CLIARGS.get("subset")
        if limit and not hosts_left(self._loader, pattern, limit, groups):
            hosts = ", ".join(hosts_left(self._loader, pattern, None, groups))
            raise AnsibleLookupError(
                f"--limit {limit} leaves none of the hosts of {environment} that this playbook is for: {hosts}."
                " Nothing was done. Name one of them, or leave --limit out."
            )
        return pattern


def load_filters() -> None:
    """Import the collection's filters in the process from which Ansible forks one for each task.

    The process of a task imports the files of all filters as soon as it needs one, which takes half a second each time.
    """
    package = import_module("ansible_collections.convosphere.platform.plugins.filter")
    for module in iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")


def find_environments(groups: Mapping[str, list[str]]) -> list[str]:
    """Return the names of the groups that look like environments, sorted.

    Ansible knows only the groups and their hosts when it works out a play's hosts, no variables yet: an environment
    is taken to be any group, other than the placements, with a host that has a placement.
    """
    placed = {host for placement in PLACEMENTS for host in groups.get(placement, [])}
    apart = {"all", "ungrouped", *PLACEMENTS}
    return sorted(name for name, hosts in groups.items() if name not in apart and placed & set(hosts))


def find_scope(terms: Sequence[str], verb: str | None) -> str:
    """Return the scope that the terms name, or that of the only play of the verb; raise AnsibleLookupError for none."""
    part = find_part(verb) if verb and not terms else None
    if part is not None:
        return part.scope
    if len(terms) != 1 or terms[0] not in SCOPES:
        raise AnsibleLookupError(
            f"Give one placement, for example 'app', not {', '.join(terms) or 'none'}. Allowed: {', '.join(SCOPES)}."
        )
    return terms[0]


def refuse(env: str | None, scope: str, groups: Mapping[str, list[str]]) -> str | None:
    """Return why no play may start, a sentence for the operator; None if one may."""
    environments = find_environments(groups)
    found = (
        f"Environments found: {', '.join(environments) or 'none (is an inventory given, with -i or in ansible.cfg?)'}."
    )
    if not env:
        return f"No environment is given. {found} Say which, for example -e env={next(iter(environments), 'dev')}."
    if env not in groups or env in PLACEMENTS or env in ("all", "ungrouped"):
        return f"There is no environment '{env}'. {found}"
    if not Topology.of(env, groups).hosts(scope):
        hosts = ", ".join(sorted(groups[env])) or "none"
        placement = " or ".join(PLACEMENTS) if scope == "all" else scope
        return (
            f"The environment {env} has no host in the group {placement}. Its hosts are: {hosts}. "
            f"Add at least one of them to {placement} in the inventory."
        )
    return None
