# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold the tree to the rules for modules, roles and playbooks.

Each test reads the whole tree and lists all offences, so that a new module, role or playbook without its scenario, its
argument spec or its test fails here, by name, before anything runs.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.collection import (
    NAMESPACE,
    ROOT,
    argument_spec,
    load_yaml,
    module_names,
    playbooks,
    plugin_names,
    python_files,
    rendered_docs,
    role_names,
    walk_tasks,
    with_aliases,
    yaml_files,
)

MAIN_LINES = 20
FUNCTION_LINES = 40
FILE_LINES = 300
DOCUMENTATION_BLOCKS = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
HEADER = (
    "# Copyright: (c) 2026, ConvoSphere Platform contributors",
    "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)",
    "# SPDX-License-Identifier: GPL-3.0-or-later",
)
SILENCERS = re.compile(r"^\s*-?\s*(ignore_errors|ignore_unreachable)\s*:|^\s*-?\s*failed_when\s*:\s*(false|no)\b", re.I)
#: The namespaces whose modules a task may use, beside the dependencies in galaxy.yml.
OWN_NAMESPACES = {"ansible.builtin", NAMESPACE}
#: A collection that an operator may install, and the only file with its modules.
OPTIONAL = {"awx.awx": "roles/scheduler/tasks/awx_objects.yml"}


# ------------------------------------------------------------------------------------------------------- modules


def test_every_module_has_its_law_scenario():
    assert [name for name in module_names() if not has_law(name)] == []


def has_law(module: str) -> bool:
    """Return whether tests/integration/test_<module>.py has a test marked `law` that runs the law on that module."""
    path = ROOT / f"tests/integration/test_{module}.py"
    runner = "run_info_law" if module.endswith("_info") else "run_law"
    tree = ast.parse(path.read_text()) if path.exists() else ast.Module([], [])
    constants = {
        ast.unparse(node.targets[0]): node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    marked = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and any("mark.law" in ast.unparse(mark) for mark in node.decorator_list)
    ]
    calls = [node for function in marked for node in ast.walk(function) if isinstance(node, ast.Call)]
    subjects = [call.args[0] for call in calls if ast.unparse(call.func) == runner and call.args]
    return module in [constants.get(ast.unparse(subject), getattr(subject, "value", None)) for subject in subjects]


#: Options that name the property of one environment: its directory, its containers, its backups.
PROPERTY = {"project_src", "project_name", "backup_dir", "login_container"}
DESTROYING = ("convosphere_stack", "convosphere_db_restore", "convosphere_person_erasure")


def test_every_module_that_changes_an_environment_verifies_that_it_owns_it():
    changing = [name for name in module_names() if not name.endswith("_info") and PROPERTY & argument_spec(name).keys()]

    assert set(changing) >= {*DESTROYING, "convosphere_service", "convosphere_prune", "convosphere_db_backup"}
    assert [name for name in changing if not argument_spec(name).get("environment_name", {}).get("required")] == []
    assert [name for name in changing if ".refuse_foreign_" not in source_with_work(name)] == []


def test_a_module_that_destroys_requires_a_confirmation_itself():
    specs = {name: argument_spec(name) for name in module_names()}

    assert sorted(name for name, spec in specs.items() if "confirm" in spec) == sorted(DESTROYING)
    assert [name for name in DESTROYING if "confirmation.refuse_unconfirmed(" not in source_with_work(name)] == []


#: A class that is a Work, and the file beside it that its base class comes from.
WORK = re.compile(r"^class \w+\((?:Work|\w+Run)\):", re.MULTILINE)
BASE_OF_WORK = re.compile(r"^from \.(\w+) import \w+Run$", re.MULTILINE)


def source_with_work(module: str) -> str:
    """Return the text of a module and of the utilities it imports that define a Work, with their base classes."""
    tree = ast.parse((ROOT / f"plugins/modules/{module}.py").read_text())
    imported = [node for node in tree.body if isinstance(node, ast.ImportFrom) and ".module_utils." in f"{node.module}"]
    names = [
        f"{node.module}{suffix}" for node in imported for suffix in ("", *(f".{each.name}" for each in node.names))
    ]
    paths = [ROOT / f"plugins/{name.partition('.plugins.')[2].replace('.', '/')}.py" for name in names]
    works = [path for path in dict.fromkeys(paths) if path.is_file() and WORK.search(path.read_text())]
    bases = [path.with_name(f"{name}.py") for path in works for name in BASE_OF_WORK.findall(path.read_text())]
    return "\n".join([ast.unparse(tree), *(path.read_text() for path in [*works, *bases])])


def test_the_action_group_is_the_list_of_modules():
    groups = load_yaml(ROOT / "meta/runtime.yml")["action_groups"]

    assert [name for name in module_names() if name not in groups["convosphere"]] == []


@pytest.mark.parametrize(
    ("group", "options"),
    [
        ("database", {"login_host", "ca_cert"}),
        ("engine", {"docker_host", "timeout"}),
        ("api", {"api_url", "api_timeout"}),
    ],
)
def test_the_group_of_a_connection_is_the_list_of_modules_that_have_its_options(group, options):
    members = load_yaml(ROOT / "meta/runtime.yml")["action_groups"][group]

    assert members == [name for name, docs in sorted(rendered_docs().items()) if options <= set(docs["doc"]["options"])]


def test_the_readme_names_every_module_and_playbook():
    text = (ROOT / "README.md").read_text()
    named = [*(f"| `{name}` |" for name in module_names()), *(f"| [`{path.name}`](" for path in playbooks())]
    assert [name for name in named if name not in text] == []


@pytest.mark.parametrize(("kind", "folder"), [("module", "modules"), ("lookup", "lookup"), ("filter", "filter")])
def test_every_plugin_is_documented(kind, folder):
    incomplete = [
        f"{name}: {part}"
        for name, docs in rendered_docs(kind).items()
        for part in ("doc", "examples", "return")
        if not docs.get(part)
    ]

    assert sorted(rendered_docs(kind)) == plugin_names(folder)
    assert incomplete == []


@pytest.mark.parametrize("kind", ["module", "lookup", "filter"])
def test_every_description_is_text(kind):
    # An unquoted colon makes a dictionary of a sentence.
    offences = [
        f"{name}: {description}"
        for name, docs in rendered_docs(kind).items()
        for described in descriptions([docs["doc"], docs["return"]])
        for description in (described if isinstance(described, list) else [described])
        if not isinstance(description, str)
    ]

    assert offences == []


def descriptions(node: Any) -> Iterator[Any]:
    """Yield each ``description`` at any depth, unless it is itself an option of that name."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "description" and not (isinstance(value, dict) and "description" in value):
                yield value
            else:
                yield from descriptions(value)
    elif isinstance(node, list):
        for entry in node:
            yield from descriptions(entry)


@pytest.mark.parametrize("kind", ["module", "lookup", "filter"])
def test_no_plugin_is_of_a_later_version_than_the_collection(kind):
    versions = {name: docs["doc"]["version_added"] for name, docs in rendered_docs(kind).items()}
    newest = load_yaml(ROOT / "galaxy.yml")["version"]

    assert {name: version for name, version in versions.items() if numbers(version) > numbers(newest)} == {}


def numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def test_documented_options_are_those_of_the_argument_spec():
    offences = []
    for module in module_names():
        documented, declared = set(rendered_docs()[module]["doc"]["options"]), set(argument_spec(module))
        offences += [f"{module}: {option} is not declared" for option in documented - declared]
        offences += [f"{module}: {option} is not documented" for option in declared - documented]

    assert offences == []


def test_examples_use_full_names_and_options_that_exist():
    specs = {f"{NAMESPACE}.{name}": set(with_aliases(argument_spec(name))) for name in module_names()}
    offences = []
    for module in module_names():
        tasks = list(walk_tasks(yaml.safe_load(rendered_docs()[module]["examples"])))
        used = [(key, task[key]) for task in tasks for key in task if key in specs]
        offences += [f"{module}: no example uses it"] if f"{NAMESPACE}.{module}" not in dict(used) else []
        offences += [f"{module}: {key}" for task in tasks for key in task if key.startswith("convosphere_")]
        offences += [
            f"{module}: {key} has no option {option}" for key, options in used for option in set(options) - specs[key]
        ]

    assert offences == []


def test_main_is_short():
    offences = [
        f"{name}: {lines}"
        for name in module_names()
        for function, lines in function_lengths(ROOT / f"plugins/modules/{name}.py")
        if function == "main" and lines > MAIN_LINES
    ]

    assert offences == []


# ------------------------------------------------------------------------------------------------------- plugins


def test_functions_and_files_are_short():
    offences = [f"{short(path)}: {code_lines(path)} lines" for path in plugins() if code_lines(path) > FILE_LINES]
    offences += [
        f"{short(path)}: {function} has {lines} lines"
        for path in plugins()
        for function, lines in function_lengths(path)
        if lines > FUNCTION_LINES
    ]

    assert offences == []


def test_plugins_have_a_licence_header_and_compile_on_the_oldest_python():
    offences = []
    for path in plugins():
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#!")]
        offences += [] if tuple(lines[:3]) == HEADER else [f"{short(path)}: header"]
        ast.parse(path.read_text(), feature_version=(3, 9))

    assert offences == []


def test_no_plugin_imports_what_ansible_is_about_to_remove():
    # Ansible warns at the first import in a process: the check needs a process of its own.
    folders = ("action", "filter", "lookup", "modules")
    names = [
        f"ansible_collections.{NAMESPACE}.plugins.{kind}.{name}" for kind in folders for name in plugin_names(kind)
    ]
    program = "import importlib, sys\nfor name in sys.argv[1:]:\n    importlib.import_module(name)"
    done = subprocess.run([sys.executable, "-c", program, *names], check=True, capture_output=True, text=True)
    assert "[DEPRECATION WARNING]" not in done.stdout + done.stderr, done.stderr


def plugins() -> list[Path]:
    """Return the Python files that run on the operator's side or on a managed host."""
    return python_files("plugins")


def short(path: Path) -> str:
    """Return a path relative to the checkout."""
    return str(path.relative_to(ROOT))


def function_lengths(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the functions of a file with their lines, without docstrings, which are never too long."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            docstring = node.body[0] if ast.get_docstring(node) is not None else None
            yield node.name, span(node) - (span(docstring) if docstring else 0)


def code_lines(path: Path) -> int:
    """Count the lines of a file, without documentation blocks."""
    source = path.read_text()
    blocks = [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in DOCUMENTATION_BLOCKS
    ]
    return len(source.splitlines()) - sum(span(node) for node in blocks)


def span(node: ast.stmt) -> int:
    """Count the lines of a statement."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


# ------------------------------------------------------------------------------------------------ roles, playbooks


def role_specs(role: str) -> dict[str, Any]:
    """Return the entry points in a role's argument specs, by name."""
    document = load_yaml(ROOT / "roles" / role / "meta/argument_specs.yml") or {}
    return dict(document.get("argument_specs") or {})


def test_every_role_entry_point_is_described():
    documented = rendered_docs("role")
    offences = [
        f"{role}: {entry_point}"
        for role in documented
        for entry_point, spec in documented[role]["entry_points"].items()
        if not spec.get("short_description")
    ]

    assert sorted(documented) == role_names()
    assert offences == []


def test_roles_use_options_and_values_that_the_modules_have():
    # A template skips an undefined value silently if it has a default or a test for it.
    docs, offences = rendered_docs(), []
    uses = list(module_uses())
    for path, module, task in uses:
        known = with_aliases(argument_spec(module))
        options = task[f"{NAMESPACE}.{module}"] or {}
        offences += [f"{short(path)}: {module} has no option {option}" for option in options if option not in known]
    texts = [path.read_text() for path in yaml_files("roles") if "files" not in path.parts]
    for register in sorted({task["register"] for _path, _module, task in uses if "register" in task}):
        modules = {module for _path, module, task in uses if task.get("register") == register}
        returned = {"results"}.union(*(docs[module]["return"] for module in modules))
        read = {key for text in texts for key in re.findall(rf"\b{register}\.(\w+)", text)}
        offences += [f"{register}.{key} is not returned by {sorted(modules)}" for key in sorted(read - returned)]

    assert len(uses) > 20
    assert offences == []


def module_uses() -> Iterator[tuple[Path, str, dict[str, Any]]]:
    """Yield each task of a role that calls a module of the collection, with the file and the module."""
    for path in yaml_files("roles"):
        if path.parent.name == "tasks":
            for task in walk_tasks(load_yaml(path)):
                yield from ((path, name, task) for name in module_names() if f"{NAMESPACE}.{name}" in task)


def test_every_role_introduces_itself():
    offences = [f"{role}: README.md" for role in role_names() if not (ROOT / "roles" / role / "README.md").exists()]
    for role in role_names():
        info = (load_yaml(ROOT / "roles" / role / "meta/main.yml") or {}).get("galaxy_info", {})
        offences += [] if info.get("description") else [f"{role}: description in meta/main.yml"]
        offences += [] if info.get("standalone") is False else [f"{role}: standalone: false in meta/main.yml"]

    assert offences == []


def test_every_default_is_in_the_argument_specs():
    offences = []
    for role in role_names():
        declared = {option for spec in role_specs(role).values() for option in spec.get("options") or {}}
        defaults = load_yaml(ROOT / "roles" / role / "defaults/main.yml") or {}
        offences += [f"{role}: {variable}" for variable in defaults if variable not in declared]

    assert offences == []


def test_a_boolean_given_on_the_command_line_is_converted():
    # -e name=false is text, which Jinja treats as true: a condition has to convert an option to a boolean.
    offences = []
    for role in role_names():
        options = {
            name: option for spec in role_specs(role).values() for name, option in spec.get("options", {}).items()
        }
        booleans = "|".join(name for name, option in options.items() if option.get("type") == "bool")
        decides = re.compile(rf"\b(?:if|elif|not|and|or|when:)\s+(?:{booleans})\b(?!\s*\|\s*bool)")
        files = [path for path in (ROOT / "roles" / role).rglob("*") if path.suffix in (".yml", ".j2")]
        lines = [(path, line) for path in files if booleans for line in path.read_text().splitlines()]
        offences += [f"{path.relative_to(ROOT)}: {line.strip()}" for path, line in lines if decides.search(line)]
    assert offences == []


def test_every_entry_point_that_a_playbook_uses_has_an_argument_spec():
    offences = [
        f"{short(path)}: {role} {entry_point}"
        for path in playbooks()
        for role, entry_point in used_entry_points(path)
        if entry_point not in role_specs(role)
    ]

    assert offences == []


def test_the_readme_of_a_role_names_the_entry_points_that_playbooks_use():
    missing = {
        f"{role}: {entry_point}"
        for path in playbooks()
        for role, entry_point in used_entry_points(path)
        if f"`{entry_point}`" not in (ROOT / "roles" / role / "README.md").read_text()
    }

    assert missing == set()


def used_entry_points(playbook: Path) -> Iterator[tuple[str, str]]:
    """Yield the (role, entry point) pairs of the collection that a playbook uses."""
    for entry in walk_tasks(load_yaml(playbook)):
        inclusions = [entry.get(f"ansible.builtin.{kind}_role") for kind in ("include", "import")]
        listed = [role if isinstance(role, dict) else {"role": role} for role in entry.get("roles") or []]
        for use in [*listed, *(inclusion for inclusion in inclusions if inclusion)]:
            role = use.get("role") or use.get("name")
            if role.startswith(NAMESPACE):
                yield role.rpartition(".")[2], Path(use.get("tasks_from", "main")).stem


def test_every_playbook_is_run_by_a_test():
    tests = [path for path in python_files("tests") if path != Path(__file__)] + yaml_files("extensions/molecule")
    text = "\n".join(path.read_text() for path in tests)
    offences = [
        short(path)
        for path in playbooks()
        if not re.search(rf"\b{path.stem}\.yml|{re.escape(NAMESPACE)}\.{path.stem}\b", text)
    ]

    assert offences == []


def test_nothing_silences_a_failure():
    offences = [
        f"{short(path)}:{number}: {line.strip()}"
        for path in yaml_files("roles", "playbooks", "extensions")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if SILENCERS.search(line) or "noqa" in line
    ]

    assert offences == []


def test_no_template_in_yaml_counts_on_an_escape_sequence():
    # Ansible keeps a backslash in a template unchanged: join('\\n') puts a backslash and an n between sentences.
    escaped = re.compile(r"\{[{%](?:(?![}%]\}).)*\\[ntr](?:(?![}%]\}).)*[}%]\}", re.DOTALL)
    files = yaml_files("roles", "playbooks", "extensions")
    texts = [(path, text) for path in files for text in scalars(load_yaml(path))]

    assert len(texts) > 1000
    assert [f"{path.relative_to(ROOT)}: {text[:80]}" for path, text in texts if escaped.search(text)] == []
    assert escaped.search("a {{ problems | join('\\n') }} b")
    assert not escaped.search("a\nb {{ c }} \\n {{ d }}")


def scalars(node: Any) -> Iterator[str]:
    """Yield every text below a YAML node."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from scalars(value)
    elif isinstance(node, list):
        for item in node:
            yield from scalars(item)


def test_tasks_use_only_declared_collections():
    allowed = OWN_NAMESPACES | set(load_yaml(ROOT / "galaxy.yml")["dependencies"])
    offences = [
        f"{short(path)}: {key}"
        for path in yaml_files("roles", "playbooks")
        if path.parent.name in ("tasks", "handlers", "playbooks")
        for task in walk_tasks(load_yaml(path))
        for key in task
        if key.count(".") >= 2
        and key.rpartition(".")[0] not in allowed
        and OPTIONAL.get(key.rpartition(".")[0]) != short(path)
    ]

    assert offences == []


# ----------------------------------------------------------------------------------------------------- the house


def test_no_check_is_ignored():
    ignored = [".ansible-lint-ignore", "tests/sanity"]

    assert [name for name in ignored if (ROOT / name).exists()] == []


def test_every_fragment_has_known_sections():
    config = load_yaml(ROOT / "changelogs/config.yaml")
    known = {name for name, _title in config["sections"]} | {config["prelude_section_name"], "trivial"}
    offences = [
        f"{short(path)}: {section}"
        for path in yaml_files("changelogs/fragments")
        for section in load_yaml(path) or {"nothing": None}
        if section not in known
    ]

    assert offences == []


def test_requirements_are_pinned():
    lines = (ROOT / "requirements-run.txt").read_text() + (ROOT / "requirements-dev.txt").read_text()
    loose = [line for line in lines.splitlines() if line and not re.match(r"#|-r |[A-Za-z0-9._-]+==", line)]

    assert loose == []
