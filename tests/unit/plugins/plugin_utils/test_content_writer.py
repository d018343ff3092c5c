# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import random
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils import _content_writer
from ansible_collections.convosphere.platform.plugins.plugin_utils._content_file import ContentReader
from ansible_collections.convosphere.platform.plugins.plugin_utils._content_sections import BY_NAME

PROMPT = "Du bist „Küchenhilfe\u201c 👩‍🍳.\r\n\n\tAntworte kurz: {{ name }} # kein Kommentar\n" * 20


def again(files: dict[str, str]) -> dict[str, Any]:
    """Return what the reader makes of written files."""
    texts = {path: text[:-1] for path, text in files.items()}
    return ContentReader(texts.__getitem__, {}).read(files["prod.yml"], "prod.yml")


def test_a_written_file_reads_the_same_and_is_written_the_same():
    content = {
        "assistants": [
            {"owner": "ada", "name": "Küche", "system_prompt": PROMPT, "personality": "kurz", "tags": ["a", "ä"]},
            {"owner": "ada", "name": "Abend", "system_prompt": "x", "metadata": {"b": [1, {"z": None, "a": 0.7}]}},
        ],
        "tags": [{"name": "süß", "description": None}],
        "tools": [],
        "knowledge_settings": {"chunk_size": 500, "supported_file_types": ["pdf"]},
    }

    files = _content_writer.write(content, "prod.yml")

    assert list(files) == ["prompts/assistants/kuche.ada.system_prompt.md", "prod.yml"]
    assert files["prompts/assistants/kuche.ada.system_prompt.md"] == f"{PROMPT}\n"
    assert files["prod.yml"] == (
        "---\n"
        "tags:\n"
        "  - name: süß\n"
        "    description: null\n"
        "assistants:\n"
        "  - name: Abend\n"
        "    owner: ada\n"
        "    system_prompt: x\n"
        "    metadata:\n"
        "      b:\n"
        "        - 1\n"
        "        - a: 0.7\n"
        "          z: null\n"
        "  - name: Küche\n"
        "    owner: ada\n"
        "    system_prompt:\n"
        "      from_file: prompts/assistants/kuche.ada.system_prompt.md\n"
        "    personality: kurz\n"
        "    tags:\n"
        "      - a\n"
        "      - ä\n"
        "knowledge_settings:\n"
        "  chunk_size: 500\n"
        "  supported_file_types:\n"
        "    - pdf\n"
    )
    assert again(files)["assistants"] == list(reversed(content["assistants"]))
    assert _content_writer.write(again(files), "prod.yml") == files


def test_every_text_and_number_survives():
    # YAML has many spellings that are no text: each must be quoted, and each control character escaped.
    letters = " \t\n\r'\"\\:#-?,[]{}&*!|>%@`=~<aé🙂\u2028\u0085\u00a0\ufeff\x7f\x1b0123456789eE.+_"
    chosen = random.Random(21)
    texts = ["", "null", "~", "yes", "0x1f", "1_000", "1:30", "2026-01-31", ".inf", "<<", "=", "- a", "a: b", "..."]
    texts += ["".join(chosen.choices(letters, k=chosen.randrange(1, 12))) for _number in range(3000)]
    values = [*texts, 0, -1, 10**12, 0.1, 1e-07, 1.5e300, True, False, None]
    content = {"tools": [{"function_name": "x", "description": each, "metadata": {"v": values, **dict.fromkeys(texts)}}
                         for each in texts[:1]]}  # fmt: skip

    assert again(_content_writer.write(content, "prod.yml")) == content
    for text in texts:
        written = _content_writer.write({"tags": [{"name": "x", "description": text}]}, "prod.yml")
        assert again(written)["tags"][0]["description"] == text


@pytest.mark.parametrize(
    ("text", "long"), [("x" * 200, False), ("x" * 201, True), ("a\nb", True), ("a\n", True), ("", False)]
)
def test_long_texts_and_those_of_several_lines_are_files(text, long):
    files = _content_writer.write({"tags": [{"name": "x", "description": text}]}, "prod.yml")

    assert ("prompts/tags/x.description.md" in files) is long


def test_names_that_make_the_same_file_name_get_their_own():
    names = ["A b", "a-b", "日本", "中国", "../../etc/passwd", "x" * 300]
    rows = [{"name": name, "owner": "ada", "system_prompt": name * 201} for name in names]

    files = _content_writer.write({"assistants": rows}, "prod.yml")

    assert len(files) == len(rows) + 1
    assert all(path == "prod.yml" or path.count("/") == 2 for path in files)
    assert all(len(path) < 130 and ".." not in path for path in files)
    assert again(files)["assistants"] == sorted(rows, key=lambda row: row["name"])


def test_rows_with_the_same_key_keep_their_own_texts():
    rows = [{"name": "a", "owner": "ada", "system_prompt": each * 201} for each in "pqr"]

    files = _content_writer.write({"assistants": rows}, "prod.yml")

    assert sorted(text[0] for path, text in files.items() if path != "prod.yml") == ["p", "q", "r"]


def test_a_text_that_begins_with_a_byte_order_mark_keeps_it():
    files = _content_writer.write({"tags": [{"name": "x", "description": "\ufeff" * 201}]}, "prod.yml")

    assert list(files) == ["prod.yml"]
    assert again(files)["tags"][0]["description"] == "\ufeff" * 201


def test_a_secret_is_written_as_the_name_of_an_environment_variable():
    rows = [
        {"server_id": name, "server_url": "https://mcp.example.com/?token=s3cret"} for name in ("a.b", "a-b", "wiki-1")
    ]

    files = _content_writer.write({"mcp_servers": rows}, "prod.yml")

    assert "s3cret" not in files["prod.yml"]
    assert "from_env: MCP_SERVERS_WIKI_1" in files["prod.yml"]
    names = _content_writer.secret_names(BY_NAME["mcp_servers"], rows)
    assert names[2] == "MCP_SERVERS_WIKI_1"
    assert len({*names}) == 3  # two servers never read the same variable
    assert all(f"from_env: {name}\n" in files["prod.yml"] for name in names)
