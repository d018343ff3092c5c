# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
import unicodedata

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._content import chunker

FAMILY = "👨‍👩‍👧‍👦"
TEXT = """# Greeting

Hello. This is the first paragraph! It has three sentences.

Grüße aus Köln: „Schön!\u201c sagte sie. Und ging.

## Last

The end.
"""


def contents(text: str, size: int, overlap: int = 0) -> list[str]:
    return [chunk.content for chunk in chunker.split(text, size, overlap)]


def test_a_short_text_is_one_chunk_and_an_empty_one_is_none():
    assert contents(TEXT, 2000) == [TEXT.strip()]
    assert contents(" \n\n ", 100) == []


def test_chunks_end_with_paragraphs_and_sentences():
    assert contents(TEXT, 70) == [
        "# Greeting\n\nHello. This is the first paragraph!",
        "It has three sentences.\n\nGrüße aus Köln: „Schön!\u201c sagte sie. Und ging.",
        "## Last\n\nThe end.",
    ]


def test_a_chunk_prefers_the_end_of_a_paragraph_in_its_second_half():
    text = "One sentence is here.\n\nAnother one. And a third one comes."

    assert contents(text, 40) == ["One sentence is here.", "Another one. And a third one comes."]


def test_the_overlap_repeats_whole_sentences():
    text = "Aaa aaa. Bbb bbb. Ccc ccc. Ddd ddd."

    assert contents(text, 17, 8) == ["Aaa aaa. Bbb bbb.", "Bbb bbb. Ccc ccc.", "Ccc ccc. Ddd ddd."]
    assert contents(text, 17, 7) == ["Aaa aaa. Bbb bbb.", "Ccc ccc. Ddd ddd."]


@pytest.mark.parametrize("size", [10, 37, 100, 250])
@pytest.mark.parametrize("overlap", [0, 9, 30])
def test_nothing_is_lost_and_nothing_is_too_long(size, overlap):
    text = "".join(f"{TEXT}{number}" for number in range(7)) + " ".join(map(str, range(900)))
    text += "".join(f"你好{number}。再见。" for number in range(40)) + "".join(map(chr, range(0x4E00, 0x4F00)))
    chunks = contents(text, size, overlap)

    assert max(map(len, chunks)) <= size
    position = 0
    for chunk in chunks:
        start = text.find(chunk, max(0, position - overlap))
        assert start >= 0
        assert text[position:start].strip() == ""
        position = start + len(chunk)
    assert text[position:].strip() == ""
    assert chunks == contents(text, size, overlap)


def test_a_long_word_is_cut_between_characters_as_a_reader_sees_them():
    accents = unicodedata.normalize("NFD", "é" * 50)
    for text in (FAMILY * 20, accents):
        chunks = contents(text, 15)
        assert "".join(chunks) == text
        for chunk in chunks:
            assert not unicodedata.combining(chunk[0])
            assert not re.match("[\u200d\ufe0f]", chunk)
            assert not chunk.endswith("\u200d")


def test_a_character_longer_than_a_chunk_stays_whole():
    assert contents(FAMILY, 3) == [FAMILY]


def test_chunks_know_their_section_and_estimate_their_tokens():
    chunks = chunker.split(TEXT, 70, 0)

    assert [chunk.section for chunk in chunks] == ["Greeting", "Greeting", "Last"]
    assert [chunk.tokens for chunk in chunks] == [round(len(chunk.content) / 4) for chunk in chunks]
    assert chunker.split("x", 10, 0)[0].tokens == 1
    assert chunker.split("x", 10, 0)[0].section is None
