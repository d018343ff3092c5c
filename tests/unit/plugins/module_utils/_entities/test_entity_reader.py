# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity import Entity, Part, Reference
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity_reader import EntityReader
from ansible_collections.convosphere.platform.plugins.module_utils._entities.field_types import BOOL, Field
from ansible_collections.convosphere.platform.plugins.module_utils._entities.values import ValueProblem
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.catalog import Column

COLUMNS = {name: Column("text", nullable=True, length=5, labels=()) for name in ("name", "is_on", "owner_id")}


class Shouting(Part):
    """A part whose option is a text in upper case."""

    options = {"shout": {"type": "str"}}
    choices = {"shout_mode": ("exact", "append")}
    words = {"shout": "the shout"}

    def normalise(self, option: str, value: Any) -> Any:
        """Refuse a text in lower case."""
        if value != value.upper():
            raise ValueProblem("must be in upper case")
        return value


def _check_name(text: str) -> None:
    if not text.islower():
        raise ValueProblem("must be in lower case")


BOT = Entity(
    name="bot",
    table="bots",
    key=("name", "owner"),
    fields={"name": Field(), "is_on": Field(BOOL)},
    references={"owner": Reference("users", "username", "owner_id")},
    renames={"new_owner": "owner"},
    parts=(Shouting,),
)


def _refuse_given(_fields: Mapping[str, Any], options: Mapping[str, Any]) -> Iterator[str]:
    if options["rest"] == "inherit" and not options["heir"]:
        yield "rest is inherit, and heir is missing"


#: Found by the name alone, which may be longer for a pet that exists.
PET = Entity(
    name="pet",
    table="pets",
    key=("name",),
    fields={"name": Field(check=_check_name), "is_on": Field(BOOL)},
    renames={"new_name": "name"},
    old_keys={"name": Field()},
    choices={"rest": ("delete", "inherit"), "heir": ()},
    parts=(Shouting,),
    refuse_given=_refuse_given,
    label="{key}",
    by_id=False,
)


def read(*entries: Any, single: bool = False, entity: Entity = BOT, **defaults: Any) -> Any:
    reader = EntityReader(entity, COLUMNS, [Shouting()], defaults)
    return reader.read(entries, single=single), list(reader.problems)


def test_an_object_has_its_options_normalised():
    [bot], problems = read(
        {"name": "a", "owner": "ada", "is_on": "yes", "shout": "HO", "new_owner": "bob", "state": None}, state="absent"
    )

    assert problems == []
    assert bot.fields == {"name": "a", "is_on": True, "owner": "ada", "new_owner": "bob", "shout": "HO"}
    assert bot.options == {"state": "absent", "shout_mode": "exact"}
    assert (bot.label, bot.absent) == ("bots[0] (a, ada)", True)


def test_what_is_not_given_is_not_a_field_and_what_is_empty_is_cleared():
    [bot], problems = read({"id": "6F1C9A4E-8F0F-4A0F-9D39-0A4D1F6A2B11", "name": None, "owner": ""}, single=True)

    assert (bot.fields, problems) == ({"owner": None}, [])
    assert bot.id == "6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11"


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("x", "bots[0]: must be a dictionary of options, not str"),
        ({"name": "a"}, "bots[0]: owner or id is missing"),
        ({"is_on": True}, "bots[0]: name, owner or id is missing"),
        ({"name": "a", "owner": "ada", "shot": "X"}, "there is no option 'shot' (is 'shout' meant?)"),
        ({"name": "a", "owner": "ada", "shout": "x"}, "bots[0] (a, ada): the shout must be in upper case"),
        ({"name": "a", "owner": "ada", "state": "gone"}, "state 'gone' is not one of present, absent"),
        ({"name": "a", "owner": 7}, "owner must be a text, not the number 7"),
        ({"name": "abcdef", "owner": "ada"}, "name has 6 characters, and at most 5 fit"),
        ({"id": "7"}, "id must be a UUID"),
    ],
)
def test_every_problem_names_its_place(entry, problem):
    assert problem in read(entry)[1][0]


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({}, "The pet: name is missing"),
        ({"name": "REX"}, "REX: name must be in lower case"),
        ({"name": "REX", "new_name": "MAX"}, "REX: new_name must be in lower case"),
        ({"name": "rex", "id": "7"}, "rex: there is no option 'id'"),
        ({"name": "rex", "heir": ["max"]}, "rex: heir must be a text, not a list"),
        ({"name": "rex", "rest": "inherit"}, "rex: rest is inherit, and heir is missing"),
    ],
)
def test_what_a_declaration_adds_is_checked(entry, problem):
    assert problem in read(entry, single=True, entity=PET)[1][0]


@pytest.mark.parametrize("more", [{"state": "absent"}, {"new_name": "rex"}])
def test_a_key_that_breaks_the_rules_may_be_removed_or_renamed(more):
    [pet], problems = read({"name": "REX", **more}, entity=PET)

    assert (pet.fields["name"], pet.label, problems) == ("REX", "pets[0] (REX)", [])


def test_objects_of_a_long_list_share_their_choices_and_the_list_is_emptied():
    entries = [{"name": f"pet{number}", "heir": "max"} for number in range(3)]
    reader = EntityReader(PET, COLUMNS, [Shouting()], {"rest": "inherit"})
    pets = reader.read(entries)

    assert entries == [None, None, None]
    assert pets[0].options == {"state": "present", "rest": "inherit", "heir": "max", "shout_mode": "exact"}
    assert len({id(pet.options) for pet in pets}) == 1


def test_every_unknown_option_is_named_although_the_key_is_missing():
    assert read({"colour": "red"}, entity=PET)[1] == [
        "pets[0]: there is no option 'colour'",
        "pets[0]: name is missing",
    ]
