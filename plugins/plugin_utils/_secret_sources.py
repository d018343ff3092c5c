# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find out where each secret that an inventory gives comes from: Vault, an environment variable, an extra variable.

A source counts only if its value is in the secret: of ``lookup('env', 'KEY') | default(vaulted)`` it is the one that
gave the value in this run.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.convosphere.platform.plugins.plugin_utils._vaulted import (
    ANSIBLES_OWN,
    encrypted_by,
    vaulted_in,
)
from jinja2 import Environment, TemplateError, nodes

INVENTORY, EXTRA = "inventory", "extra variables"
VAULT, VARIABLE, OF_EXTRA = (f"inventory ({kind})" for kind in ("vault", "environment variable", "extra variable"))
#: The sources of what an operator gives, and no deploy generates.
GIVEN = (INVENTORY, VAULT, VARIABLE, OF_EXTRA, EXTRA)
_LOOKUPS = ("lookup", "query", "q")
_ENV = ("env", "ansible.builtin.env")

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """What a run has: the ``variables`` of a host, not rendered, and the ``extra`` ones among them.

    ``environ`` are the environment variables of the controller; ``render`` templates a value.
    """

    variables: Facts
    extra: Facts
    environ: Mapping[str, str]
    render: Callable[[Any], Any]

    def sources(self, option: str) -> dict[str, str]:
        """Return the source of each value of the variable ``option``, a dictionary, by its key."""
        raw = self.variables.get(option)
        found = raw if isinstance(raw, Mapping) else self._rendered(raw)
        given = {str(name): value for name, value in found.items()} if isinstance(found, Mapping) else {}
        values = {name: self._rendered(value) for name, value in given.items()}
        # A value that cannot be decrypted, as one of another environment, is not rendered.
        vaulted = {name for name, value in given.items() if encrypted_by(value)}
        known = {name: value for name, value in values.items() if value is not None}
        vaulted |= {sentence.partition(" ")[0] for sentence in vaulted_in(known, self.variables)}
        return {
            name: VAULT if name in vaulted else self._source(option, value, given[name] if found is raw else raw)
            for name, value in values.items()
        }

    def _rendered(self, value: Any) -> Any:
        try:
            return self.render(value)
        except AnsibleError:
            return None

    def _source(self, option: str, value: Any, raw: Any) -> str:
        if option in self.extra:
            return EXTRA
        used = _Used(self.variables)
        used.read(raw)
        if any(self.environ[name] in str(value) for name in used.environ if self.environ.get(name)):
            return VARIABLE
        texts = [self._rendered(self.variables[name]) for name in used.names if name in self.extra]
        return OF_EXTRA if any(str(text) in str(value) for text in texts if text) else INVENTORY


@dataclass
class _Used:
    """The names of variables, and of environment variables, that a value reads, also by way of others."""

    variables: Facts
    names: set[str] = field(default_factory=set)
    environ: set[str] = field(default_factory=set)

    def read(self, raw: Any) -> None:
        """Add what a value that is not rendered reads."""
        for text in _texts(raw):
            tree = _parsed(text)
            self.environ |= {name for call in tree.find_all(nodes.Call) for name in _of_environment(call)}
            # In hostvars are the variables of all hosts, which are rendered by being read.
            for name in {each.name for each in tree.find_all(nodes.Name)} - self.names - ANSIBLES_OWN:
                if name in self.variables:
                    self.names.add(name)
                    self.read(self.variables[name])


def _parsed(text: str) -> nodes.Template:
    try:
        return Environment(autoescape=False).parse(text)
    except TemplateError:
        return nodes.Template([])


def _of_environment(call: nodes.Call) -> Iterator[str]:
    """Yield the environment variables that a call of a lookup names."""
    texts = [each.value for each in call.args if isinstance(each, nodes.Const)]
    if isinstance(call.node, nodes.Name) and call.node.name in _LOOKUPS and texts and texts[0] in _ENV:
        yield from map(str, texts[1:])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str) and "{" in value and not encrypted_by(value):
        yield value
