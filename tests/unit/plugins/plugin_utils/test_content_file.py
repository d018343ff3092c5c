# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.plugin_utils._content_file import ContentReader
from ansible_collections.convosphere.platform.plugins.plugin_utils._content_folder import LARGEST, Folder

OUTSIDE = "must be a path below the folder of the content file, without '..'"
SPECS = {
    "tags": {"name": {"type": "str"}, "description": {"type": "str"}, "color": {"type": "str"}},
    "tools": {
        "function_name": {"type": "str"},
        "version": {"type": "str"},
        "tags": {"type": "list", "elements": "str"},
        "is_enabled": {"type": "bool"},
        "parameters_schema": {"type": "raw"},
    },
    "domain_groups": {
        "name": {"type": "str"},
        "members": {"type": "list", "elements": "dict", "options": {"user": {"type": "str"}}},
    },
}


def read(text: str, folder: Path | None = None, **arguments: Any) -> dict[str, Any]:
    options = {"text_of": Folder(folder or Path("/nowhere")).text, "environ": {}, "specs": SPECS, **arguments}
    return ContentReader(**options).read(text, "prod.yml")


def problems(text: str, folder: Path | None = None, **arguments: Any) -> list[str]:
    with pytest.raises(InputError) as error:
        read(text, folder, **arguments)
    assert "Nothing was changed" in (error.value.hint or "")
    return list(error.value.details.get("problems") or [error.value.message])


def test_sections_come_in_the_order_of_their_application():
    found = read("knowledge_settings: {chunk_size: 500}\ntools: [{function_name: x}]\ntags: [{name: A}]\n")

    assert list(found) == ["tags", "tools", "knowledge_settings"]
    assert found["knowledge_settings"] == {"chunk_size": 500}


def test_a_scalar_without_quotes_is_the_text_of_an_option_that_takes_texts():
    found = read(
        "tools: [{function_name: 007, version: 1.10, tags: [yes, 1e3], is_enabled: true,"
        " parameters_schema: {a: 1.5}}]\n"
        "domain_groups: [{name: d, members: [{user: 00123}]}]\n"
    )

    assert found["tools"] == [
        {
            "function_name": "007",
            "version": "1.10",
            "tags": ["yes", "1e3"],
            "is_enabled": True,
            "parameters_schema": {"a": 1.5},
        }
    ]
    assert found["domain_groups"][0]["members"] == [{"user": "00123"}]
    assert problems("tools: [{function_name: x, parameters_schema: {a: 1_000}}]\n") == [
        "prod.yml: tools[0] (x).parameters_schema: has 1_000 without quotes, which can be read in several ways: write"
        " true, false or a decimal number, or put it in quotes"
    ]


def test_a_text_may_be_a_file_whose_last_newline_does_not_count(tmp_path):
    (tmp_path / "prompts").mkdir()
    for name, text in {"a": "Grüße 👋\r\nzwei", "b": "eins\n", "c": "eins\n\n"}.items():
        (tmp_path / f"prompts/{name}.md").write_bytes(text.encode())
    found = read("".join(f"- {{name: {n}, description: {{from_file: prompts/{n}.md}}}}\n" for n in "abc").replace(
        "- {name: a", "tags:\n- {name: a"), tmp_path)  # fmt: skip

    assert [tag["description"] for tag in found["tags"]] == ["Grüße 👋\r\nzwei", "eins", "eins\n"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("../secret.md", OUTSIDE),
        ("prompts/../../secret.md", OUTSIDE),
        ("/etc/passwd", OUTSIDE),
        ("''", OUTSIDE),
        ("link.md", "is a link that leads out of the folder of the content file"),
        ("absent.md", "there is no file 'absent.md' beside the content file"),
        ("folder", "there is no file 'folder' beside the content file"),
        ("loop.md", "'loop.md' cannot be read"),
        ('"a\\0b"', "cannot be read: it is no usable path"),
        ("x" * 300, "(300 characters) cannot be read: File name too long"),
        ("large.md", "is larger than 1024 KiB"),
        ("latin.md", "latin.md is not in UTF-8: line 1 has the byte 0xFC"),
        ("[a]", "from_file must be a name, not a list"),
    ],
)
def test_only_texts_of_the_folder_are_read(tmp_path, name, problem):
    (tmp_path / "secret.md").write_text("secret")
    folder = tmp_path / "content"
    (folder / "folder").mkdir(parents=True)
    (folder / "link.md").symlink_to(tmp_path / "secret.md")
    (folder / "loop.md").symlink_to("loop.md")
    (folder / "large.md").write_bytes(b"x" * (LARGEST + 1))
    (folder / "latin.md").write_bytes("für".encode("latin-1"))

    (found,) = problems(f"tags: [{{name: a, description: {{from_file: {name}}}}}]", folder)

    assert problem in found
    assert found.startswith("prod.yml: tags[0] (a).description: ")


SERVER = "mcp_servers: [{server_id: m, server_url: {from_env: MCP_URL}}]"


def test_a_secret_is_read_from_the_environment_only_if_asked():
    environ = {"MCP_URL": "https://mcp.example.com/?token=s3cret"}

    assert read(SERVER, environ=environ)["mcp_servers"][0]["server_url"] == {"from_env": "MCP_URL"}
    assert read(SERVER, environ=environ, secrets=True)["mcp_servers"][0]["server_url"] == environ["MCP_URL"]
    assert problems(SERVER) == [
        "prod.yml: mcp_servers[0] (m).server_url: the environment variable MCP_URL is not set where ansible-playbook"
        " runs: set it"
    ]
    inline = SERVER.replace("{from_env: MCP_URL}", environ["MCP_URL"])
    assert read(inline)["mcp_servers"][0]["server_url"] == "********"
    assert read(inline, secrets=True)["mcp_servers"][0]["server_url"] == environ["MCP_URL"]
    assert "is not the name of an environment variable" in problems(SERVER.replace("MCP_URL", "'a b'"))[0]
    assert problems("mcp_servers: [{server_id: m, server_name: {from_env: MCP_URL}}]", environ=environ) == [
        "prod.yml: mcp_servers[0] (m).server_name: cannot be given with from_env. Allowed: documents.weaviate_api_key,"
        " mcp_servers.server_url"
    ]


def test_all_problems_of_a_file_are_reported_together():
    assert problems(
        "tag: []\n"
        "users: []\n"
        "tags: [{name: a, colour: red}, {description: x}, 7, {name: a}]\n"
        "tools: {}\n"
        "assistants:\n"
        "domain_groups: [{name: b, members: {from_file: x}}]\n"
        "knowledge_settings: []\n"
    ) == [
        "prod.yml: tag: there is no section 'tag'. Did you mean tags?",
        "prod.yml: users: there is no section 'users'. Allowed: tags, ai_models, tools, assistants, "
        "knowledge_settings, documents, domain_groups, audit_policies, retention_rules, audit_alerts, mcp_servers",
        "prod.yml: tags[0] (a): there is no option 'colour'. Did you mean color?",
        "prod.yml: tags[1]: name is missing: every entry of tags needs it",
        "prod.yml: tags[2]: must be a dictionary of options, not a text or number",
        "prod.yml: tags[3] (a): is listed twice, also as tags[0]: remove one of them",
        "prod.yml: tools: must be a list, not a dictionary",
        "prod.yml: assistants: must be a list, not empty. Write [] for an empty list, or remove the section",
        "prod.yml: knowledge_settings: must be a dictionary of options, not a list",
        "prod.yml: domain_groups[0] (b).members: cannot be given with from_file. Allowed: description, instructions,"
        " personality, system_prompt",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "must be a dictionary of sections, not empty"),
        ("- a\n", "must be a dictionary of sections, not a list"),
        ("tags: [\n", "prod.yml, line 2 is not valid YAML"),
        ("tags: []\ntags: []\n", "line 2: the key 'tags' is given twice"),
    ],
)
def test_a_file_of_another_form_is_refused(text, problem):
    with pytest.raises(InputError, match=problem.replace("[", r"\[")):
        read(text)


def test_a_folder_of_documents_is_beside_the_file_or_on_the_host(tmp_path):
    folder = Folder(tmp_path)

    def path_of(name: str) -> str:
        return str(folder.path(name))

    text = "documents: [{source: a, owner: ada, src: handbook}, {source: b, owner: ada, folder: /srv/handbook}]"
    found = read(text, path_of=path_of)["documents"]
    assert [found[0]["src"], found[1]["folder"]] == [str(tmp_path / "handbook"), "/srv/handbook"]

    assert problems(text.replace("/srv/", "").replace("src: ", "src: ../"), path_of=path_of) == [
        f"prod.yml: documents[0] (a).src: '../handbook' {OUTSIDE}",
        "prod.yml: documents[1] (b).folder: must be an absolute path on the database host, not 'handbook'",
    ]
