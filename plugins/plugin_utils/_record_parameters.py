# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare the parameters of the playbooks of records: messages, usage, conversations and persons."""

from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.plugin_utils._parameter_type import Parameter

#: The playbooks that read conversations.
_READING = ("conversations_export", "messages", "usage")

RECORD_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "assistant",
        "list",
        "Only conversations with these assistants, by name or id, separated by commas.",
        _READING,
        "assistant=Support",
        default=(),
    ),
    Parameter(
        "before",
        "str",
        "The end of the period, in the form of since. A message at exactly this time is not in it.",
        _READING,
        "before=2026-12-01",
        default="",
    ),
    Parameter(
        "by",
        "list",
        "By what to count, separated by commas: several of them together. Without it: the total.",
        ("usage",),
        "by=group,model",
        default=(),
        choices=("user", "group", "assistant", "model", "day"),
    ),
    Parameter(
        "context",
        "int",
        "How many messages before and after each match to show too.",
        ("messages",),
        "context=2",
        default=0,
    ),
    Parameter(
        "conversation",
        "list",
        "Only these conversations, by id, separated by commas.",
        ("conversations_export", "messages"),
        "conversation=606f236f-ddbb-b737-718f-b4c0620de839",
        default=(),
    ),
    Parameter(
        "dest",
        "str",
        "The path of the file on the database host, in an existing directory. It gets the mode 0600.",
        ("conversations_export",),
        "dest=/root/ada.html",
    ),
    Parameter(
        "export_format",
        "str",
        "jsonl is for programs, a line for each conversation; markdown and html are for people.",
        ("conversations_export",),
        "export_format=html",
        default="jsonl",
        choices=("jsonl", "markdown", "html"),
    ),
    Parameter(
        "limit",
        "int",
        "The number of matches of messages.yml, the newest; the number of rows of usage.yml.",
        ("messages", "usage"),
        "limit=20",
        default=100,
        minimum=1,
    ),
    Parameter(
        "month",
        "str",
        "The month of budgets and forecast, and the period without since and before. Without it: the current one.",
        ("usage",),
        "month=2026-11",
        default="",
    ),
    Parameter(
        "regex",
        "str",
        "A regular expression of PostgreSQL that is found in the text; (?i) at its begin ignores the case.",
        ("messages",),
        "regex=invoice.*[0-9]{4}",
        default="",
    ),
    Parameter(
        "role",
        "list",
        "Only messages of these roles, separated by commas.",
        ("messages",),
        "role=user",
        default=(),
        choices=("user", "assistant", "system", "tool"),
    ),
    Parameter(
        "text",
        "str",
        "Whether to show no text, the part of it around the first match, or all of it.",
        ("messages",),
        "text=excerpt",
        default="none",
        choices=("none", "excerpt", "full"),
    ),
    Parameter(
        "user",
        "list",
        "Only conversations of these users, by e-mail, username or id, separated by commas.",
        _READING,
        "user=ada@example.com",
        default=(),
    ),
    Parameter(
        "words",
        "list",
        "Words that are all in the text, in any case of letters, separated by commas.",
        ("messages",),
        "words=invoice,october",
        default=(),
    ),
    Parameter(
        "write_to",
        "str",
        "A file on the controller that is written with the mode 0600: a page for .html, with plots, or .json.",
        ("usage",),
        "write_to=usage.html",
        default="",
    ),
    Parameter(
        "assistants_to",
        "str",
        "For erase: the e-mail address or id of an active user who takes over assistants and tools. Required if others"
        " use the assistants.",
        ("person",),
        "assistants_to=bob@example.com",
        default="",
    ),
    Parameter(
        "do",
        "str",
        "What to do: export writes an archive; hold keeps everything of the person from being erased, release ends"
        " that; erase deletes it for good.",
        ("person",),
        "do=export",
        choices=("export", "hold", "release", "erase"),
    ),
    Parameter(
        "documents",
        "str",
        "For erase: delete the documents with their files and vectors, or hand_over to the user of assistants_to.",
        ("person",),
        "documents=hand_over",
        default="delete",
        choices=("delete", "hand_over"),
    ),
    Parameter(
        "fetch_to",
        "str",
        "For export: an existing directory on the controller, or a path in one, for an archive of mode 0600.",
        ("person",),
        "fetch_to=~/requests",
        default="",
    ),
    Parameter(
        "mode",
        "str",
        "For erase: delete, or anonymise, which keeps the rows of the user, conversations and messages without content,"
        " for figures of usage.",
        ("person",),
        "mode=anonymise",
        default="delete",
        choices=("delete", "anonymise"),
    ),
    Parameter("reason", "str", "For hold: why, for those who read it later.", ("person",), "reason=Case-4711", ""),
    Parameter("who", "str", "The e-mail address or the id of the person.", ("person",), "who=ada@example.com"),
    Parameter(
        "write_to",
        "str",
        "A file on the controller that gets all deletions as CSV, with the mode 0600.",
        ("deletions",),
        "write_to=deletions.csv",
        default="",
    ),
)
