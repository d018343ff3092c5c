# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the help of the playbooks, and the tables of the documentation, from the declared tables."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from ansible_collections.convosphere.platform.plugins.plugin_utils._extra_vars import allowed
from ansible_collections.convosphere.platform.plugins.plugin_utils._one_offs import ONE_OFFS
from ansible_collections.convosphere.platform.plugins.plugin_utils._parameter_type import Parameter
from ansible_collections.convosphere.platform.plugins.plugin_utils._parameters import PARAMETERS, parameters_of
from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import PARTS, SCOPES
from ansible_collections.convosphere.platform.plugins.plugin_utils._verbs import VERBS, Verb

BEGIN = "<!-- Written by scripts/reference.py from plugins/plugin_utils/_parameters.py: begin -->"
BEGIN_PLACEMENTS = "<!-- Written by scripts/reference.py from plugins/plugin_utils/_placements.py: begin -->"
END = "<!-- end -->"
#: Ansible's default callback folds longer lines.
_WIDTH = 66


def help_lines(verb: Verb | None) -> list[str]:
    """Return the help of one playbook, or of all of them, as lines of a terminal."""
    if verb is not None:
        return [*_verb_lines(verb), *_common_lines()]
    lines = [line for each in VERBS for line in [*_verb_lines(each), ""]]
    return [*lines, "All playbooks:", *_common_lines(), "", "One alone: ansible-playbook help.yml -e verb=restore"]


def markdown() -> str:
    """Return the tables of docs/playbooks.md: the playbooks, their parameters, and what counts for one run only."""
    playbooks = [(f"`{verb.name}.yml`", verb.purpose, f"`{call(verb)}`") for verb in VERBS]
    parameters = [
        (
            f"`{item.name}`",
            item.type,
            allowed(item),
            _default(item),
            _read_by(item),
            item.meaning,
            f"`-e {item.example}`",
        )
        for item in PARAMETERS
    ]
    one_offs = [(f"`{item.name}`", f"It {item.meaning}.", _instead(item.parameter)) for item in ONE_OFFS]
    tables = (
        _table(("playbook", "what it does", "example"), playbooks),
        _table(("parameter", "type", "allowed", "default", "playbooks", "meaning", "example"), parameters),
        _table(("role variable", "what it does", "with the playbooks"), one_offs),
    )
    return "\n\n".join(tables) + "\n"


def placements_markdown() -> str:
    """Return the table of docs/topology.md: the hosts of each playbook, and what it does there."""
    rows = [(f"`{part.verb}.yml`", SCOPES[part.scope], part.does, "yes" if part.changes else "no") for part in PARTS]
    return _table(("playbook", "runs on", "what it does there", "changes something"), rows) + "\n"


def insert(document: str) -> str:
    """Return the document with the tables between its marks."""
    tables = {BEGIN: markdown, BEGIN_PLACEMENTS: placements_markdown}
    for mark, table in tables.items():
        before, begin, rest = document.partition(mark)
        if begin:
            document = f"{before}{begin}\n\n{table()}\n{END}{rest.partition(END)[2]}"
    return document


def call(verb: Verb) -> str:
    """Return an example of a playbook's call."""
    env = "" if verb.name == "help" else " -e env=prod"
    return f"ansible-playbook {verb.name}.yml{env} {verb.example}".rstrip()


def _verb_lines(verb: Verb) -> list[str]:
    lines = [*_wrapped(f"{verb.name}.yml: {verb.purpose}"), *_wrapped(call(verb))]
    for parameter in parameters_of(verb.name):
        lines += _parameter_lines(parameter) if parameter.verbs else []
    return lines + (_wrapped(f"Variables of its role: {', '.join(verb.variables)}") if verb.variables else [])


def _common_lines() -> list[str]:
    return [line for parameter in PARAMETERS if not parameter.verbs for line in _parameter_lines(parameter)]


def _parameter_lines(parameter: Parameter) -> list[str]:
    default = _default(parameter)
    ending = default if default == "required" else f"default: {default}"
    return [
        *_wrapped(f"-e {parameter.name}: {parameter.meaning}", "  "),
        *_wrapped(f"{parameter.type}: {allowed(parameter)}; {ending}", "      "),
    ]


def _wrapped(text: str, indent: str = "") -> list[str]:
    further = indent + "    "
    return wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=further, break_on_hyphens=False)


def _default(parameter: Parameter) -> str:
    if parameter.default is None:
        return "required"
    if isinstance(parameter.default, bool):
        return "true" if parameter.default else "false"
    return "none" if parameter.default in ("", ()) else str(parameter.default)


def _read_by(parameter: Parameter) -> str:
    return ", ".join(f"`{verb}.yml`" for verb in parameter.verbs) or "all"


def _instead(parameter: str) -> str:
    return f"`-e {parameter}=...`" if parameter else "the variable itself with `-e`"


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
