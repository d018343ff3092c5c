# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write conversations as JSON Lines, Markdown or HTML, piece by piece. Pure: no input or output.

JSON Lines is for programs: one line a conversation, with all fields. Markdown and HTML are for people.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from typing import Any

from .._core.display import escaped
from .._core.html_elements import Html, element
from .._core.html_page import page

Conversation = Mapping[str, Any]
Messages = Iterable[Mapping[str, Any]]
Exported = Iterable[tuple[Conversation, Messages]]

#: The fields whose values are JSON already.
_IS_JSON = ("conversation_metadata", "message_metadata", "tool_input", "tool_output")
_LINE_ENDS = re.compile(r"[\r\n]+")
_ENCODE = json.JSONEncoder(ensure_ascii=False).encode
_SPLIT = "<!-- conversations -->"
_STYLE = """
article { border-left: .25rem solid var(--rule); padding: .25rem 0 .25rem 1rem; margin: .75rem 0; }
article.assistant { border-color: var(--accent); }
article .who { color: var(--quiet); font-size: .8125rem; }
article .said { white-space: pre-wrap; overflow-wrap: anywhere; }
"""
#: Those that are neither a tab nor the end of a line.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_FENCE = re.compile(r"`{3,}")


def json_lines(conversations: Exported) -> Iterator[str]:
    """Yield a line for each conversation, in pieces: it may have any number of messages."""
    for conversation, messages in conversations:
        yield f'{_json(conversation)[:-1]}, "messages": ['
        for number, message in enumerate(messages):
            yield f"{', ' if number else ''}{_json(message)}"
        yield "]}\n"


def markdown(conversations: Exported) -> Iterator[str]:
    """Yield Markdown: each text is in a fence that is longer than any in it, so that nothing in it has an effect."""
    for conversation, messages in conversations:
        yield f"# {_line(conversation['title'])}\n\n"
        yield "".join(f"- {name}: {_line(value)}\n" for name, value in _facts(conversation))
        yield "\n"
        for message in messages:
            fence = _fence(message["content"])
            yield f"## {message['role']}, {_head(message)}\n\n{fence}text\n{message['content']}\n{fence}\n\n"


def html(conversations: Exported) -> Iterator[str]:
    """Yield one page, which loads nothing and runs nothing, with every text escaped."""
    begin, end = page("Conversations", element("main", Html(_SPLIT)), style=_STYLE).split(_SPLIT)
    yield begin
    for conversation, messages in conversations:
        facts = " · ".join(f"{name} {value}" for name, value in _facts(conversation))
        yield f"<section>{element('h2', conversation['title'])}{element('p', facts, class_='note')}\n"
        for message in messages:
            who = element("p", f"{message['role']}, {_head(message)}", class_="who")
            said = element("div", _lines(message["content"]), class_="said")
            yield f"{element('article', who, said, class_=message['role'])}\n"
        yield "</section>\n"
    yield end


FORMATS: dict[str, Callable[[Exported], Iterator[str]]] = {"jsonl": json_lines, "markdown": markdown, "html": html}


def encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    """Yield the bytes of a text."""
    for piece in pieces:
        yield piece.encode()


def _json(value: Mapping[str, Any]) -> str:
    """Return an object on one line; what is JSON already comes last, as it is."""
    plain = _ENCODE({name: item for name, item in value.items() if name not in _IS_JSON})
    stored = (f'"{name}": {_stored(value[name])}' for name in _IS_JSON if name in value)
    return ", ".join([plain[:-1], *stored]) + "}"


def _stored(value: str | None) -> str:
    """Return JSON on one line: its line ends are between its parts, never in a text of it."""
    return "null" if value is None else _LINE_ENDS.sub(" ", value)


def _facts(conversation: Conversation) -> Iterator[tuple[str, Any]]:
    yield "id", conversation["id"]
    yield "user", conversation["user"]
    yield "assistant", conversation["assistant"]
    yield "begun", conversation["created_at"]
    if conversation["is_archived"]:
        yield "state", "archived"


def _head(message: Mapping[str, Any]) -> str:
    model = f", {_line(message['model_used'])}" if message["model_used"] else ""
    tool = f", tool {_line(message['tool_name'])}" if message["tool_name"] else ""
    return f"{message['created_at']}{model}{tool}"


def _fence(content: str) -> str:
    longest = max((len(each) for each in _FENCE.findall(content)), default=2)
    return "`" * (longest + 1)


def _line(value: Any) -> str:
    """Return a value on one line, in which Markdown has no meaning."""
    return re.sub(r"([\\`*_{}\[\]<>#|!])", r"\\\1", " ".join(str(value).split()))


def _lines(content: str) -> Html:
    """Return a text as it is displayed in a browser; control characters are shown as escapes."""
    return Html(escape(_CONTROL.sub(lambda found: escaped(found[0]), content.replace("\r\n", "\n")), quote=True))
