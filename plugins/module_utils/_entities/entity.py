# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare an entity: rows of one table that a module manages by a natural key.

A declaration is data. From it come the argument spec (``entity_options``), the reader, the plan, the writes and the
marks (``entity_run``), and the rows of an info module or an export (``entity_rows``). This is a complete module,
without its documentation::

    TAG = Entity(
        name="tag",
        table="tags",
        key=("name",),
        fields={
            "name": Field(NAME, required=True),
            "description": Field(),
            "color": Field(check=check_color),
        },
        creation={"is_system": False, "usage_count": 0, "created_at": "now"},
    )

    class TagModule(ConvosphereModule):
        argument_spec = entity_options.argument_spec(TAG)
        rules = entity_options.rules(TAG)
        unlisted = entity_options.unlisted(TAG)

        def build(self) -> Work:
            return EntityWork(self.invocation, TAG)

It has the options ``name``, ``description``, ``color``, ``id``, ``state`` of one tag; ``tags`` and ``tags_file`` for a
list of them, with ``list_name``, ``prune``, ``prune_limit`` and ``planned``; and returns ``created``, ``updated``,
``deleted``, ``deleted_ids``, ``unchanged``, ``pruned``, ``ids`` and, in check mode, ``new_names``. An action plugin of
the same name, a ListFileAction, brings ``tags_file``.

What else a declaration may say:

- Labels of enums, JSON, lists of texts, numbers with a range, numbers that are stored as texts, timestamps with and
  without a time zone: ``Field`` in ``field_types``. A new row gets ``Field.default``, and the columns of ``creation``.
  ``Field.empty`` is for a column of JSON that must not be NULL; ``Field.column`` if the column has another name.
- An option that names a row of another table: ``references={"owner": Reference("users", "username", "creator_id")}``.
  A reference may be a part of the key, and may point at the entity's own table, also at a row of the same list.
- Other keys, for which the first one with all of its options given counts:
  ``other_keys=(("external_id",),)`` comes before ``key``. ``optional_key={"organization_id"}`` are options of a key
  that count as empty if they are not given. ``id`` is always a key, and comes first; with it, a key is a new value.
- ``exclusive=("is_default",)``: at most one row is true. The others are cleared in the same transaction.
- ``exchanged=("username",)``: texts with a unique index, which rows of one list may exchange.
- ``renames={"new_owner": "owner"}``: an option with a new value for an option of the key. ``old_keys`` has options of
  the key that are read in another way if the row is removed or renamed, because it may break today's rules.
- ``choices={"on_rows": ("refuse", "delete"), "heir": ()}``: options that say how an object is changed. The first value
  is the default; without values any text is allowed. ``refuse_given`` returns why they do not fit together.
- Rows of an association, as members with an access level: ``parts=(partial(Links, "members", …),)``, see ``links``.
  Everything else that is not a column: a class of your own, see ``Part``.
- What a deletion does, see ``Departure``: rows that refer to the row by a foreign key and need it refuse it.
- A table of one row, ``singleton=True``: no key, no list, no state. The newest row stays, further ones are deleted.

Only rows that differ are written. An option that is not given is not changed.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Union

from .._postgres.connection import Database
from . import dependents
from .dependents import Belongings
from .desired import ABSENT, PRESENT, Desired, Task
from .field_types import Field
from .list_problems import Problems

#: The second half of the advisory lock's key, for all entities that do not have their own.
ENTITY_LOCK = 0x656E
Planned = Mapping[str, Union[Sequence[str], Mapping[str, str]]]


@dataclass(frozen=True)
class Reference:
    """An option with the name of a row in another table, whose id is in ``column``.

    ``shown`` is the column with the name. ``also`` are columns by which a row is found too, in any case. If names are
    not ``unique``, an id is accepted as well, and shown for a name that several rows have. ``noun`` is for messages.
    """

    table: str
    shown: str
    column: str
    noun: str = ""
    also: tuple[str, ...] = ()
    unique: bool = True
    required: bool = False

    @property
    def kind(self) -> str:
        """What the option names, for a message: ``user``."""
        return self.noun or self.table.removesuffix("s")


@dataclass(frozen=True)
class Reading:
    """What a part reads: the rows with these ids, and the objects of the list, by the id of their row.

    ``planned`` has names that exist in check mode, by kind, as a list or by id, and ids that count as "removed".
    """

    database: Database
    ids: Sequence[str]
    desired: Mapping[str, Desired] = field(default_factory=dict)
    planned: Planned = field(default_factory=dict)
    problems: Problems = field(default_factory=Problems)


class Part:
    """Options that are more than a column: kept in other tables, or in a column with other contents.

    An object of it is made for each run, so that it may keep what it has read until it writes.
    """

    #: Ansible's argument spec of the options.
    options: Mapping[str, Any] = {}
    #: Options that say how the others are changed, with their values; the first one is the default.
    choices: Mapping[str, tuple[str, ...]] = {}
    #: How messages name an option, if not by its name.
    words: Mapping[str, str] = {}
    #: The privileges that a change needs beside those of the entity's table.
    rights: Mapping[str, str] = {}

    def normalise(self, option: str, value: Any) -> Any:
        """Return a given value in the form that is compared and shown. Raises ValueProblem."""
        return value

    def read(self, reading: Reading) -> dict[str, dict[str, Any]]:
        """Return the current values of the options, by id, also for rows that no object of the list is about.

        The values of the desired objects may be replaced, for example by the full names of what they name. Each
        problem with them is added to ``reading.problems``.
        """
        return {}

    def columns(self, task: Task) -> Mapping[str, Any]:
        """Return columns of the entity's table to write for a task that creates or updates."""
        return {}

    def write(self, database: Database, tasks: Sequence[Task]) -> None:
        """Write other tables, after the rows of the entity. ``tasks`` create or update one of the options."""

    def faults(self, identifier: str) -> Sequence[str]:
        """Return why the platform cannot return the row, each as the end of a sentence, after it was read."""
        return ()


class Departure:
    """What the deletion of a row does with rows that refer to it.

    By the catalog's foreign keys: rows of associations, and of the tables in ``removes``, are deleted too; nullable
    columns are set to NULL; any other row refuses the deletion. A reason that contains ``{label}`` or ``{title}``, the
    names in messages and in results, is a sentence; any other one follows the label.
    """

    #: Tables whose rows are deleted with the row.
    removes: frozenset[str] = frozenset()
    #: The privileges that this needs beside those of the entity's table.
    rights: Mapping[str, str] = {}

    def refuse(self, row: Mapping[str, Any], options: Mapping[str, Any], owns: Mapping[str, int]) -> str:
        """Return why a row cannot be deleted, or an empty text. ``owns`` are numbers of rows that need it, by table."""
        return f"is still used by {dependents.describe(owns)}" if owns else ""

    def instead(self, options: Mapping[str, Any], owns: Mapping[str, int]) -> Mapping[str, Any] | None:
        """Return the fields that a row gets instead of being deleted; None to delete it."""
        return None

    def blocked(self, database: Database, ids: Sequence[str]) -> Mapping[str, str]:
        """Return further reasons not to delete rows, by id, for example a legal hold."""
        return {}

    def describe(
        self, database: Database, owns: Mapping[str, Mapping[str, int]], ids: Sequence[str]
    ) -> Mapping[str, Mapping[str, Any]]:
        """Return what the diff of a deletion shows beside the row's own fields, by id."""
        return {}

    def release(self, database: Database, belongings: Belongings, tasks: Sequence[Task]) -> None:
        """Delete or clear what refers to the rows of ``tasks``, which are deleted next."""
        dependents.release(database, belongings, [task.id for task in tasks], {})


@dataclass(frozen=True)
class Entity:
    """The declaration of an entity, see the text of this file. ``name`` is a singular in lower case."""

    name: str
    table: str
    key: tuple[str, ...]
    fields: Mapping[str, Field]
    references: Mapping[str, Reference] = field(default_factory=dict)
    creation: Mapping[str, Any] = field(default_factory=dict)
    other_keys: tuple[tuple[str, ...], ...] = ()
    optional_key: frozenset[str] = frozenset()
    exclusive: tuple[str, ...] = ()
    renames: Mapping[str, str] = field(default_factory=dict)
    exchanged: tuple[str, ...] = ()
    old_keys: Mapping[str, Field] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parts: tuple[Callable[[], Part], ...] = ()
    departure: Departure = field(default_factory=Departure)
    #: How results and messages name an object, by options of its key. A name that several rows have is their id.
    title: str = ""
    #: How messages name the one object of a task.
    label: str = "{noun} {key}"
    #: Whether ``id`` is an option.
    by_id: bool = True
    #: Whether a second row with the same key is refused. Existing ones are refused only if a list names them by it.
    unique: bool = True
    singleton: bool = False
    lock: int = ENTITY_LOCK
    #: The option of a list, and the word for several objects in a message, if it is not the name with an s.
    plural: str = ""
    #: The word for one object in a message, if it is not the name.
    word: str = ""
    #: Columns that are used beside those of the fields. They are read, and given to ``Departure.refuse``.
    also_read: tuple[str, ...] = ()
    #: Return why an object is refused, from its fields and choices, before any row is read.
    refuse_given: Callable[[Mapping[str, Any], Mapping[str, Any]], Iterable[str]] | None = None
    #: Return why an object is refused, or an empty text, from its given fields and from all of its values afterwards.
    refuse: Callable[[Mapping[str, Any], Mapping[str, Any]], str] | None = None
    #: Return a warning about the desired objects that are created or changed, or an empty text.
    warning: Callable[[Iterable[Task]], str] | None = None

    @property
    def list_option(self) -> str:
        """The option with a list of objects."""
        return self.plural or f"{self.name}s"

    @property
    def noun(self) -> str:
        """The name in a sentence."""
        return (self.word or self.name).replace("_", " ")

    @property
    def nouns(self) -> str:
        """The plural in a sentence."""
        return self.list_option.replace("_", " ")

    @property
    def keys(self) -> tuple[tuple[str, ...], ...]:
        """The keys, in the order in which they are tried."""
        return (*self.other_keys, self.key)

    @cached_property
    def key_options(self) -> tuple[str, ...]:
        """All options of the keys."""
        return tuple(dict.fromkeys(option for key in self.keys for option in key))

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """The values of fields that a new object gets if they are not given."""
        return {name: field.default for name, field in self.fields.items() if field.default is not None}

    @property
    def all_choices(self) -> Mapping[str, tuple[str, ...]]:
        """The options that say how an object is changed, with their values."""
        state = {} if self.singleton else {"state": (PRESENT, ABSENT)}
        parts = {option: choices for make in self.parts for option, choices in make().choices.items()}
        return {**state, **self.choices, **parts}

    def column(self, option: str) -> str:
        """Return the column of an option that is a field or a reference."""
        if option in self.references:
            return self.references[option].column
        return (self.fields[option].column if option in self.fields else None) or option

    def title_of(self, values: Mapping[str, Any]) -> str:
        """Return how results name an object with these values of its key."""
        if self.singleton:
            return self.name
        return (self.title or f"{{{self.key[0]}}}").format_map({name: values.get(name) for name in self.key_options})
