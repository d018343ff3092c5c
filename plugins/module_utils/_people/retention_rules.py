# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the rules of retention, and collect all their problems. Pure: no input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ARCHIVE = "archive"
DELETE = "delete"
ANONYMIZE = "anonymize"
#: What a legal hold of the platform's own rules does: no later rule gets these rows.
KEEP = "keep"
CONVERSATIONS = "conversations"
SEARCH_QUERIES = "search_queries"
AUDIT_LOGS = "audit_logs"
EXTENDED_AUDIT_LOGS = "extended_audit_logs"
RESET_TOKENS = "reset_tokens"
#: A hundred years: an older row cannot exist.
MOST_DAYS = 36500
_DAYS = re.compile(r"([0-9]{1,6})d")
_LISTS = ("groups", "assistants", "except_users", "event_types")
_PERIODS = ("older_than", "delete_after")
_ALL_OPTIONS = ("name", "records", "action", *_PERIODS, *_LISTS)
_OF_AUDIT = ("older_than", "groups", "except_users", "event_types")


@dataclass(frozen=True)
class Kind:
    """What a rule about one kind of records may do, and by which options beside name, records and action."""

    actions: tuple[str, ...]
    options: tuple[str, ...]
    #: Whether a deletion loses data, so that it needs a backup and is recorded. An expired token is worth nothing.
    precious: bool = True


KINDS: Mapping[str, Kind] = {
    CONVERSATIONS: Kind(
        (ARCHIVE, DELETE, ANONYMIZE), ("older_than", "delete_after", "groups", "assistants", "except_users")
    ),
    SEARCH_QUERIES: Kind((DELETE,), ("older_than", "groups", "except_users")),
    AUDIT_LOGS: Kind((ARCHIVE, DELETE, ANONYMIZE), _OF_AUDIT),
    EXTENDED_AUDIT_LOGS: Kind((ARCHIVE, DELETE, ANONYMIZE), _OF_AUDIT),
    RESET_TOKENS: Kind((DELETE,), (), precious=False),
}


@dataclass(frozen=True)
class Rule:
    """One rule: which records, from which age in days on, and what is done with them.

    An empty ``groups``, ``assistants``, ``event_types`` or ``severities`` means all. ``delete_after`` are the days from
    the archiving to the deletion, None if archived records stay.
    """

    name: str
    records: str
    action: str
    older_than: int = 0
    delete_after: int | None = None
    groups: tuple[str, ...] = ()
    assistants: tuple[str, ...] = ()
    except_users: tuple[str, ...] = ()
    event_types: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stage:
    """One thing that a rule does with its records. ``archived_for`` are the days that they have to be archived for."""

    rule: Rule
    action: str
    archived_for: int | None = None

    @property
    def title(self) -> str:
        """The stage in messages and diffs: no other stage of a run has the same."""
        return f"{self.rule.name}: {self.action} {self.rule.records}"

    @property
    def moves(self) -> bool:
        """Whether rows go from the database into a file: audit rows have no mark of an archive."""
        return self.action == ARCHIVE and self.rule.records != CONVERSATIONS

    @property
    def loses_data(self) -> bool:
        """Whether the database does not have the records any more afterwards."""
        return (self.moves or self.action in (DELETE, ANONYMIZE)) and KINDS[self.rule.records].precious


def stages(rules: Sequence[Rule]) -> list[Stage]:
    """Return what the rules do, in their order: a rule that archives and deletes has two stages."""
    found = []
    for rule in rules:
        if rule.action != KEEP:
            found.append(Stage(rule, rule.action))
        if rule.delete_after is not None:
            found.append(Stage(rule, DELETE, rule.delete_after))
    return found


def read(entries: Sequence[Any]) -> tuple[list[Rule], list[str]]:
    """Return the valid rules, and the problems of the others, each a sentence without its final dot."""
    rules, problems = [], []
    for index, entry in enumerate(entries):
        label = f"rules[{index}]"
        if not isinstance(entry, Mapping):
            problems.append(f"{label} is not a dictionary with name, records and action")
            continue
        if isinstance(entry.get("name"), str) and entry["name"]:
            label += f" ({entry['name']})"
        found = [f"{label}: {problem}" for problem in _problems(entry)]
        problems += found
        if not found:
            rules.append(_rule(entry))
    problems += _repeated(entries)
    return rules, problems


def _repeated(entries: Sequence[Any]) -> list[str]:
    names = [entry.get("name") for entry in entries if isinstance(entry, Mapping)]
    texts = [name for name in names if isinstance(name, str)]
    return [f"{texts.count(name)} rules have the name {name}" for name in dict.fromkeys(texts) if texts.count(name) > 1]


def _problems(entry: Mapping[str, Any]) -> Iterator[str]:
    name = entry.get("name")
    if not isinstance(name, str) or not name.strip():
        yield "name is missing: give a text by which the record of the deletion names the rule"
    for option in entry:
        if option not in _ALL_OPTIONS:
            yield f"there is no option {option}. Allowed: {', '.join(_ALL_OPTIONS)}"
    kind = KINDS.get(str(entry.get("records")))
    if kind is None:
        yield f"records is {entry.get('records')!r}. Allowed: {', '.join(KINDS)}"
    else:
        yield from _problems_of(kind, entry)


def _problems_of(kind: Kind, entry: Mapping[str, Any]) -> Iterator[str]:
    records, action = entry["records"], entry.get("action")
    if action not in kind.actions:
        yield f"action is {action!r}. Allowed for {records}: {', '.join(kind.actions)}"
    given = [option for option in (*_PERIODS, *_LISTS) if entry.get(option) not in (None, [], "")]
    for option in given:
        if option not in kind.options:
            yield f"{option} does not apply to {records}. Allowed: {', '.join(kind.options) or 'no further option'}"
        yield from _unfit(option, entry[option])
    if "older_than" in kind.options and "older_than" not in given:
        yield "older_than is missing: give days, such as 365d"
    if "delete_after" in given and action != ARCHIVE:
        yield f"delete_after counts from the archiving, and action is {action!r}"


def _unfit(option: str, value: Any) -> Iterator[str]:
    if option in _PERIODS:
        days = _DAYS.fullmatch(value) if isinstance(value, str) else None
        if not days or not 1 <= int(days[1]) <= MOST_DAYS:
            yield f"{option} is {value!r}: give days from 1d to {MOST_DAYS}d, such as 365d"
    elif not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        yield f"{option} is {value!r}: give a list of texts"


def _rule(entry: Mapping[str, Any]) -> Rule:
    days = {option: int(entry[option][:-1]) for option in _PERIODS if entry.get(option)}
    lists = {option: tuple(dict.fromkeys(entry.get(option) or ())) for option in _LISTS}
    return Rule(
        name=entry["name"],
        records=entry["records"],
        action=entry["action"],
        older_than=days.get("older_than", 0),
        delete_after=days.get("delete_after"),
        groups=lists["groups"],
        assistants=lists["assistants"],
        except_users=lists["except_users"],
        event_types=lists["event_types"],
    )
