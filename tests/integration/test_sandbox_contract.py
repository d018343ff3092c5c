# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference backend has the platform's tables, routes and habits.

Tables and routes are compared with the measured facts where these are at hand (CONVOSPHERE_PLATFORM_FACTS), else with
their fingerprint in files/platform_fingerprint.json. To renew that after the facts have changed, with them at hand:
`python -m pytest tests/integration/test_sandbox_contract.py -k fingerprint` shows what it should be.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import websocket
from botocore.exceptions import ClientError

from support.sandbox import ADMIN, DATABASE_KEY, Sandbox, build_all, digest, facts_folder, sandbox, until

FINGERPRINT = Path(__file__).parent / "files/platform_fingerprint.json"
NOBODY = "00000000-0000-0000-0000-000000000000"
COLUMNS = """
SELECT table_name, column_name,
       udt_name || coalesce('(' || character_maximum_length || ')', ''), is_nullable = 'YES', column_default
FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position
"""
CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
"""
INDEXES = "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'"
ENUMS = """
SELECT typname, array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid
GROUP BY typname
"""
PRINT_OPENAPI = (
    "import json; from app.application import create_application; print(json.dumps(create_application().openapi()))"
)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Run the whole sandbox; tests change nothing in it except users of their own."""
    build_all(tmp_path_factory.mktemp("images"))
    with sandbox() as running:
        running.run_services()
        running.run_backend()
        until(lambda: running.answers("backend", "/health"), "the backend")
        yield running


@pytest.fixture(scope="module")
def admin(platform: Sandbox) -> dict[str, str]:
    """Return the headers of a super admin, who sees users of every organization."""
    platform.query("UPDATE users SET role = 'SUPER_ADMIN' WHERE username = %s", ADMIN["username"])
    return login(platform, ADMIN["username"], ADMIN["password"])


def login(platform: Sandbox, username: str, password: str) -> dict[str, str]:
    platform.execute("redis", "redis-cli", "flushall")
    answer = platform.call("POST", "/api/v1/auth/login", json={"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def add_user(platform: Sandbox, admin: dict[str, str], name: str, **more: Any) -> dict[str, Any]:
    body = {"username": name, "email": f"{name}@example.com", **more}
    answer = platform.call("POST", "/api/v1/users/", headers=admin, json=body)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


def is_large_error(answer: Any, status: int) -> bool:
    return answer.status_code == status == answer.json()["status_code"] and answer.json()["success"] is False


# The contract: tables and routes


def described_tables(platform: Sandbox) -> dict[str, Any]:
    """Return the catalog in the shape of the facts, with lists sorted if their order means nothing."""
    tables: dict[str, Any] = {}
    for table, column, kind, nullable, default in platform.query(COLUMNS):
        entry = tables.setdefault(table, {"columns": [], "constraints": [], "indexes": []})
        entry["columns"].append([column, kind, nullable, default])
    for table, name, definition in sorted(platform.query(CONSTRAINTS)):
        tables[table]["constraints"].append([name, definition])
    for table, definition in sorted(platform.query(INDEXES)):
        tables[table]["indexes"].append(definition)
    return tables


def platform_tables(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the facts in the shape of the catalog."""
    return {
        name: {
            "columns": [
                [key, *(item[part] for part in ("type", "nullable", "default"))]
                for key, item in table["columns"].items()
            ],
            "constraints": sorted([item["name"], item["def"]] for item in table["constraints"]),
            "indexes": sorted([*table["unique_indexes"], *table["indexes"]]),
        }
        for name, table in schema["tables"].items()
    }


def operations(openapi: dict[str, Any]) -> dict[str, list[str]]:
    """Map `METHOD /path` to the names of its body's fields, with parameters named by their position."""
    found = {}
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            reference = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            fields = openapi["components"]["schemas"].get(reference, {}).get("properties", {})
            found[f"{method.upper()} {re.sub(r'{[^}]*}', '{}', path)}"] = sorted(fields)
    return found


def fingerprint_of_facts(folder: Path, routes: dict[str, list[str]]) -> dict[str, Any]:
    schema = json.loads((folder / "schema.json").read_text())
    real = operations(json.loads((folder / "openapi.json").read_text()))
    return {
        "tables": {name: digest(table) for name, table in platform_tables(schema).items()},
        "enums": digest(schema["enums"]),
        "operations": {name: real.get(name) for name in sorted(routes)},
    }


@pytest.fixture(scope="module")
def routes(platform: Sandbox) -> dict[str, list[str]]:
    status, output = platform.execute("backend", "python3", "-c", PRINT_OPENAPI)
    assert status == 0, output
    return operations(json.loads(output.splitlines()[-1]))


def test_tables_are_the_platforms(platform):
    tables, enums = described_tables(platform), dict(platform.query(ENUMS))
    folder = facts_folder()
    if folder:
        schema = json.loads((folder / "schema.json").read_text())
        assert tables == platform_tables(schema)
        assert enums == schema["enums"]
    expected = json.loads(FINGERPRINT.read_text())
    assert {name: digest(table) for name, table in tables.items()} == expected["tables"]
    assert digest(enums) == expected["enums"]
    assert len(tables) == 31


def test_operations_are_the_platforms(routes):
    assert routes == json.loads(FINGERPRINT.read_text())["operations"]


def test_fingerprint_is_of_the_facts(routes):
    expected = json.loads(FINGERPRINT.read_text())
    folder = facts_folder()
    measured = fingerprint_of_facts(folder, routes) if folder else expected
    assert measured == expected, json.dumps(measured, indent=2)


# Start-up


def test_start_makes_tables_and_admin_but_no_stamp(platform):
    assert platform.query("SELECT to_regclass('alembic_version')") == [(None,)]
    rows = platform.query("SELECT email, hashed_password FROM users WHERE username = %s", ADMIN["username"])
    assert [row[0] for row in rows] == [ADMIN["email"]]
    assert re.fullmatch(r"\$2b\$12\$.{53}", rows[0][1])


@pytest.mark.parametrize(
    "absent", [{"DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}, {"WEAVIATE_URL": "http://127.0.0.1:1"}]
)
def test_start_without_a_needed_service_exits_with_3(platform, absent):
    name = f"without-{next(iter(absent)).lower().replace('_', '-')}"
    assert platform.run_backend(name, **absent).wait(timeout=60)["StatusCode"] == 3


def test_a_start_can_be_made_to_never_end(platform):
    container = platform.run_backend("never", SANDBOX_NEVER_HEALTHY="1")
    until(lambda: b"SANDBOX_NEVER_HEALTHY is set" in container.logs(), "the line in the log")
    assert not platform.answers("never", "/health")
    assert container.attrs["Config"]["Labels"]["org.convosphere.sandbox"] == "true"


def test_debug_opens_the_documentation_and_every_host(platform):
    platform.run_backend("debug", DEBUG="true", SECRET_KEY="k" * 32)
    until(lambda: platform.answers("debug", "/health"), "the second backend")
    assert (
        platform.call("GET", "/openapi.json", "debug", headers={"Host": "anything"}).json()["info"]["version"]
        == "0.1.2 Beta"
    )
    assert platform.call("GET", "/openapi.json").status_code == 404


def test_every_log_line_comes_twice(platform):
    container = platform.containers["backend"]
    line = r"INFO\s+\| app\.application:start:\d+ - All services initialized successfully"
    assert re.search(rf"\d\d:\d\d:\d\d \| {line}", container.logs(stdout=True, stderr=False).decode())
    assert re.search(rf"\d\d:\d\d:\d\d\.\d\d\d \| {line}", container.logs(stdout=False, stderr=True).decode())


# Health, filters, stopping


def test_health_lies_and_the_detailed_one_does_not(platform):
    shape = platform.call("GET", "/api/v1/health/detailed").json()
    assert (shape["status"], shape["version"]) == ("healthy", "0.1.2 Beta")
    assert {name: part["status"] for name, part in shape["components"].items()} == {
        "database": "healthy",
        "cache": "healthy",
        "vector_db": "healthy",
    }
    platform.containers["postgres"].stop()
    try:
        answers = {
            path: platform.call("GET", path)
            for path in ("/health", "/api/v1/health/", "/api/v1/health/detailed", "/api/v1/health/database")
        }
    finally:
        platform.containers["postgres"].start()
        platform.wait_for_database()
    assert [answer.status_code for answer in answers.values()] == [200] * 4
    assert [answer.json()["status"] for answer in answers.values()] == ["healthy", "healthy", "degraded", "unhealthy"]
    assert answers["/api/v1/health/detailed"].json()["components"]["database"]["details"]["status"] == "disconnected"
    until(lambda: platform.call("GET", "/api/v1/health/detailed").json()["status"] == "healthy", "the database again")


@pytest.mark.parametrize(
    ("path", "headers", "text"),
    [
        ("/health", {"Host": "backend:8000"}, "Invalid host header"),
        ("/health", {"X-Forwarded-Host": "example.com"}, "Invalid request"),
        ("/health", {"User-Agent": "Googlebot/2.1"}, "Invalid request"),
        ("/api/v1/system/status", {}, "Invalid request"),
        ("/api/v1/users/search/username/executive", {}, "Invalid request"),
    ],
)
def test_filters_answer_400(platform, path, headers, text):
    answer = platform.call("GET", path, headers=headers)
    assert (answer.status_code, answer.text) == (400, text)


def test_known_hosts_pass(platform):
    for host in ("localhost", "127.0.0.1:8000", "yourdomain.com"):
        assert platform.call("GET", "/health", headers={"Host": host, "X-Forwarded-For": "1.2.3.4"}).status_code == 200


def test_a_websocket_echoes_through_the_edge_too(platform):
    site = ":80\nreverse_proxy backend:8000 {\nheader_up Host localhost\nheader_up -X-Forwarded-Host\n}"
    proxy = 'printf %s "$0" > /srv/site && exec caddy run --config /srv/site --adapter caddyfile'
    platform.run("caddy", "proxy", command=["sh", "-c", proxy, site])
    until(lambda: platform.answers("proxy", "/health"), "the edge")
    for name in ("backend", "proxy"):
        socket = websocket.create_connection(f"ws://{platform.address(name)}/api/v1/ws/echo", timeout=20)
        for text in ("hello", "x" * 100_000):
            socket.send(text)
            assert socket.recv() == text
        socket.close()


def test_backend_ignores_what_should_stop_it(platform):
    container = platform.run_backend("deaf")
    until(lambda: platform.answers("deaf", "/health"), "the backend")
    for name in ("SIGTERM", "SIGINT", "SIGTERM"):
        container.kill(name)
        for _attempt in range(10):
            assert platform.answers("deaf", "/health")
    container.stop(timeout=1)
    assert container.wait()["StatusCode"] == 137


def test_everything_else_stops_when_asked(platform):
    platform.run("frontend")
    platform.run("caddy")
    until(lambda: platform.answers("frontend", "/health"), "the frontend")
    until(lambda: platform.answers("caddy", "/"), "caddy")
    page = platform.call("GET", "/", "frontend").text
    assert "ConvoSphere" in page
    assert "for trying and testing only" in page
    for name in ("frontend", "caddy", "weaviate", "redis", "postgres"):
        platform.containers[name].stop(timeout=20)
        assert platform.containers[name].wait()["StatusCode"] == 0, name
    for name in ("postgres", "redis", "weaviate"):
        platform.containers[name].start()
    platform.wait_for_database()
    until(lambda: platform.call("GET", "/api/v1/health/detailed").json()["status"] == "healthy", "all services")
    assert platform.query("SELECT count(*) FROM users WHERE username = %s", ADMIN["username"]) == [(1,)]


# Logging in


def test_login_answers(platform, admin):
    platform.execute("redis", "redis-cli", "flushall")
    cases = [
        ({"username": ADMIN["username"], "password": "wrong"}, 401, "errors.incorrect_email_or_password"),
        ({"password": "x"}, 400, "errors.either_email_or_username_must_be_provided"),
    ]
    for body, status, detail in cases:
        answer = platform.call("POST", "/api/v1/auth/login", json=body)
        assert (answer.status_code, answer.json()) == (status, {"detail": detail})
    special = platform.call("POST", "/api/v1/auth/login", json={"email": "a@b.local", "password": "x"})
    assert is_large_error(special, 422)
    assert platform.call("GET", "/api/v1/auth/me").status_code == 403
    assert platform.call("GET", "/api/v1/auth/me", headers={"Authorization": "Bearer x"}).status_code == 401
    assert platform.call("GET", "/api/v1/auth/me", headers=admin).json()["username"] == ADMIN["username"]
    assert is_large_error(platform.call("POST", "/api/v1/auth/logout", headers=admin), 500)


def test_login_is_limited_and_refused_attempts_count(platform):
    login(platform, ADMIN["username"], ADMIN["password"])
    key = platform.execute("redis", "redis-cli", "--raw", "keys", "rate_limit:auth:*")[1].strip()
    now = int(platform.execute("redis", "redis-cli", "--raw", "time")[1].split()[0])
    # Four earlier seconds, so that the test need not wait for them: calls within one second count once.
    for back in range(10, 50, 10):
        platform.execute("redis", "redis-cli", "zadd", key, str(now - back), str(now - back))
    answer = platform.call("POST", "/api/v1/auth/login", json={k: ADMIN[k] for k in ("username", "password")})
    assert (answer.status_code, answer.headers["Retry-After"], answer.headers["X-RateLimit-Limit"]) == (429, "300", "5")

    def counted() -> bool:
        platform.call("POST", "/api/v1/auth/login", json={"username": "x", "password": "x"})
        return int(platform.execute("redis", "redis-cli", "--raw", "zcard", key)[1]) > 6

    until(counted, "refused attempts to be counted")
    platform.execute("redis", "redis-cli", "flushall")


def test_inactive_users_keep_their_token(platform, admin):
    user = add_user(platform, admin, "leaver", password="Planted-Leaver-1")
    headers = login(platform, "leaver", "Planted-Leaver-1")
    platform.call("PUT", f"/api/v1/users/{user['id']}", headers=admin, json={"status": "inactive"})
    assert platform.call("GET", "/api/v1/auth/me", headers=headers).json()["is_active"] is False
    refused = platform.call("POST", "/api/v1/auth/login", json={"username": "leaver", "password": "Planted-Leaver-1"})
    assert (refused.status_code, refused.json()["detail"]) == (401, "errors.user_account_is_disabled")


# Users and groups


def test_users_are_created_changed_and_deleted(platform, admin):
    user = add_user(platform, admin, "first", group_ids=[NOBODY])
    path = f"/api/v1/users/{user['id']}"
    assert platform.query("SELECT hashed_password, failed_login_attempts FROM users WHERE id = %s", user["id"]) == [
        (None, "0")
    ]
    again = platform.call(
        "POST", "/api/v1/users/", headers=admin, json={"username": "first", "email": "other@example.com"}
    )
    assert again.status_code == 409
    short = {"username": "short", "email": "short@example.com", "password": "short"}
    assert is_large_error(platform.call("POST", "/api/v1/users/", headers=admin, json=short), 422)
    changed = platform.call(
        "PUT", path, headers=admin, json={"role": "super_admin", "is_verified": True, "password": "x"}
    )
    assert (changed.json()["role"], changed.json()["is_verified"]) == ("super_admin", False)
    assert is_large_error(platform.call("PUT", path, headers=admin, json={"email": ADMIN["email"]}), 500)
    assert is_large_error(platform.call("PUT", path, headers=admin, json={"language": None}), 500)
    assert platform.call("PATCH", path, headers=admin, json={}).status_code == 405
    assert platform.call("POST", f"{path}/verify", headers=admin).status_code == 200
    assert (
        platform.call("GET", "/api/v1/users/search/email/first@example.com", headers=admin).json()["is_verified"]
        is True
    )
    assert platform.call("GET", "/api/v1/users/search/username/First", headers=admin).status_code == 404
    assert platform.call("DELETE", path, headers=admin).status_code == 403
    assert platform.call("PUT", path, headers=admin, json={"role": "user"}).status_code == 200
    assert platform.call("DELETE", path, headers=admin).status_code == 204
    assert platform.call("DELETE", path, headers=admin).json() == {"detail": "errors.user_not_found"}
    assert is_large_error(platform.call("GET", "/api/v1/users/not-a-uuid", headers=admin), 500)


def test_emails_are_looked_at_roughly_and_own_passwords_closely(platform, admin):
    for path, more in (("/api/v1/users/", {"username": "odd"}), ("/api/v1/users/sso", {"auth_provider": "ldap"})):
        body = {"email": "nowhere", "external_id": "odd", "sso_attributes": {}, **more}
        assert is_large_error(platform.call("POST", path, headers=admin, json=body), 422)
    add_user(platform, admin, "changer", email="changer@site.local", password="Planted-Changer-1")
    headers = login(platform, "changer", "Planted-Changer-1")
    changes = [("Planted-Changer-1", "planted-changer-2", 422), ("wrong", "Planted-Changer-2", 400)]
    for current, new, status in [*changes, ("Planted-Changer-1", "Planted-Changer-2", 200)]:
        body = {"current_password": current, "new_password": new}
        assert platform.call("PUT", "/api/v1/users/me/password", headers=headers, json=body).status_code == status
    login(platform, "changer", "Planted-Changer-2")


def test_users_are_listed_in_pages_of_the_own_organization(platform, admin):
    organization = "11111111-1111-1111-1111-111111111111"
    for number in range(3):
        add_user(platform, admin, f"listed{number}", organization_id=organization, password="Planted-Listed-1")
    answer = platform.call("GET", f"/api/v1/users/?size=2&organization_id={organization}", headers=admin).json()
    assert (len(answer["users"]), answer["total"], answer["page"], answer["size"], answer["pages"]) == (2, 3, 1, 2, 2)
    own = platform.call("GET", "/api/v1/users/", headers=login(platform, "listed0", "Planted-Listed-1")).json()
    assert {user["username"] for user in own["users"]} == {"listed0", "listed1", "listed2"}
    assert is_large_error(platform.call("GET", "/api/v1/users/?size=101", headers=admin), 422)
    assert platform.call("GET", "/api/v1/users", headers=admin).status_code == 307
    ids = [user["id"] for user in own["users"]]
    body = {"user_ids": [*ids, NOBODY], "status": "suspended"}
    bulk = platform.call("POST", "/api/v1/users/bulk-update", headers=admin, json=body)
    assert bulk.json() == {"message": "Updated 3 users successfully"}
    assert platform.call("GET", "/api/v1/users/?status=suspended", headers=admin).json()["total"] == 3
    assert platform.call("GET", "/api/v1/users/stats/overview", headers=admin).json()["suspended_users"] == 3


def test_permissions_are_hardly_checked(platform, admin):
    add_user(platform, admin, "plain", password="Planted-Plain-1")
    plain = login(platform, "plain", "Planted-Plain-1")
    assert add_user(platform, plain, "risen", role="super_admin")["role"] == "super_admin"
    assert is_large_error(platform.call("POST", "/api/v1/users/groups", headers=plain, json={"name": "g"}), 500)
    sso = {
        "email": "nobody@example.com",
        "auth_provider": "ldap",
        "external_id": "n",
        "sso_attributes": {},
        "role": "super_admin",
    }
    assert platform.call("POST", "/api/v1/users/sso", json=sso).json()["role"] == "super_admin"


def test_anybody_may_register_with_any_password(platform):
    body = {"username": "newcomer", "email": "newcomer@example.com", "password": "x", "role": "super_admin"}
    created = platform.call("POST", "/api/v1/auth/register", json=body)
    assert created.status_code == 200
    assert created.json() == {
        "id": created.json()["id"],
        **{key: body[key] for key in ("username", "email")},
        **dict.fromkeys(("first_name", "last_name", "display_name")),
        "role": "user",
        "is_active": True,
        "is_verified": False,
    }
    assert platform.call("GET", "/api/v1/auth/me", headers=login(platform, "newcomer", "x")).json() == created.json()
    taken = {"username": "newcomer", "email": "second@example.com"}
    for again, problem in (
        (body, "errors.email_already_registered"),
        ({**body, **taken}, "errors.username_already_taken"),
    ):
        answer = platform.call("POST", "/api/v1/auth/register", json=again)
        assert (answer.status_code, answer.json()) == (400, {"detail": problem})
    local = {**body, "username": "local", "email": "local@site.local"}
    assert is_large_error(platform.call("POST", "/api/v1/auth/register", json=local), 422)


def test_groups_work_one_by_one_but_cannot_be_listed(platform, admin):
    users = [add_user(platform, admin, f"member{number}")["id"] for number in range(2)]
    group = platform.call("POST", "/api/v1/users/groups", headers=admin, json={"name": "crew"}).json()["id"]
    path = f"/api/v1/users/groups/{group}"
    for operation, members in (("add", 2), ("add", 2), ("remove", 0), ("add", 2)):
        body = {"user_ids": [*users, NOBODY], "group_ids": [group], "operation": operation}
        assert platform.call("POST", "/api/v1/users/groups/assign", headers=admin, json=body).status_code == 200
        assert platform.call("GET", path, headers=admin).json()["user_count"] == members
    assert platform.call("PUT", path, headers=admin, json={"description": "all"}).json()["description"] == "all"
    listed = platform.call("GET", f"/api/v1/users/?group_id={group}", headers=admin).json()["users"]
    assert [user["groups"][0]["name"] for user in listed] == ["crew", "crew"]
    assert is_large_error(platform.call("GET", "/api/v1/users/groups", headers=admin), 500)
    assert platform.call("DELETE", path, headers=admin).status_code == 204


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("users", "email", "o'brien@example.org"),
        ("users", "username", "jo"),
        ("users", "bio", "x" * 2001),
        ("users", "preferences", "[]"),
        ("users", "created_at", None),
        ("user_groups", "permissions", '["a", 1]'),
        ("user_groups", "settings", "[]"),
        ("user_groups", "description", "x" * 1001),
    ],
)
def test_one_row_that_breaks_a_rule_breaks_every_list(platform, admin, table, column, value):
    name = "rules" if table == "users" else "ruled"
    group = platform.call("POST", "/api/v1/users/groups", headers=admin, json={"name": name}).json()["id"]
    user = add_user(platform, admin, f"{name}-{column}", group_ids=[group])["id"]
    identifier = user if table == "users" else group
    update = f"UPDATE {table} SET {column} = %s WHERE id = %s"  # noqa: S608 - two words of the test
    (before,) = platform.query(f"SELECT {column} FROM {table} WHERE id = %s", identifier)  # noqa: S608 - as above
    assert platform.call("GET", "/api/v1/users/?size=100", headers=admin).status_code == 200
    platform.query(update, value, identifier)
    assert is_large_error(platform.call("GET", "/api/v1/users/?size=100", headers=admin), 500)
    platform.query(update, before[0], identifier)
    assert platform.call("GET", f"/api/v1/users/{user}", headers=admin).status_code == 200


def test_owners_cannot_be_deleted_but_audited_users_can(platform, admin):
    user = add_user(platform, admin, "owner", password="Planted-Owner-1")
    headers = login(platform, "owner", "Planted-Owner-1")
    body = {"name": "helper", "system_prompt": "Help.", "tools_config": [{"a": 1}]}
    assistant = platform.call("POST", "/api/v1/assistants/", headers=headers, json=body).json()
    assert (assistant["status"], assistant["tools_config"]) == ("draft", [])
    assert [item["name"] for item in platform.call("GET", "/api/v1/assistants/", headers=headers).json()] == ["helper"]
    assert is_large_error(platform.call("DELETE", f"/api/v1/users/{user['id']}", headers=admin), 500)
    assert is_large_error(platform.call("GET", f"/api/v1/assistants/{assistant['id']}", headers=admin), 500)
    assert platform.call("DELETE", f"/api/v1/assistants/{assistant['id']}", headers=headers).status_code == 200
    audited = "SELECT count(*) FROM audit_logs WHERE user_id = %s"
    assert platform.query(audited, user["id"]) == [(1,)]
    assert platform.call("DELETE", f"/api/v1/users/{user['id']}", headers=admin).status_code == 204
    assert platform.query(audited, user["id"]) == [(0,)]


def test_a_locked_user_breaks_every_list_until_sql_unlocks_it(platform, admin):
    user = add_user(platform, admin, "locked", password="Planted-Locked-1")
    headers = login(platform, "locked", "Planted-Locked-1")
    for _attempt in range(5):
        wrong = {"email": "locked@example.com", "password": "wrong"}
        assert platform.call("POST", "/api/v1/users/authenticate", params=wrong).status_code == 401
    assert is_large_error(platform.call("GET", "/api/v1/users/", headers=admin, params={"query": "locked"}), 500)
    assert is_large_error(platform.call("GET", f"/api/v1/users/{user['id']}", headers=admin), 500)
    assert platform.call("GET", "/api/v1/auth/me", headers=headers).status_code == 200
    login(platform, "locked", "Planted-Locked-1")
    platform.query("UPDATE users SET locked_until = NULL WHERE id = %s", user["id"])
    assert platform.call("GET", f"/api/v1/users/{user['id']}", headers=admin).status_code == 200


# Migrations


@pytest.fixture
def alembic(platform, request):
    """Run alembic with its own ini on a database of the test; `make_tables` creates the tables in it."""
    database = re.sub(r"\W", "_", request.node.name)
    platform.query(f'CREATE DATABASE "{database}"')
    url = f"postgresql://convosphere:{DATABASE_KEY}@postgres:5432/{database}"
    edit = (
        "import pathlib, sys; text = pathlib.Path('/app/backend/alembic.ini').read_text();"
        "text = text.replace('%(here)s', '/app/backend').replace(sys.argv[1], sys.argv[2]);"
        "pathlib.Path('/tmp/alembic.ini').write_text(text)"
    )
    fixed = "postgresql://convosphere:convosphere_password@postgres:5432/convosphere"
    assert platform.execute("backend", "python3", "-c", edit, fixed, url) == (0, "")

    class Alembic:
        def run(self, *arguments: str) -> tuple[int, str]:
            return platform.execute("backend", "alembic", "-c", "/tmp/alembic.ini", *arguments, workdir="/app/backend")

        def query(self, statement: str) -> list[tuple[Any, ...]]:
            return platform.query(statement, database=database)

        def make_tables(self) -> None:
            code = "from app.database import create_tables; create_tables()"
            status, output = platform.execute("backend", "python3", "-c", code, environment={"DATABASE_URL": url})
            assert status == 0, output

        def make_version_table(self) -> None:
            self.query("CREATE TABLE alembic_version (version_num varchar(255) PRIMARY KEY)")

    return Alembic()


def test_the_images_own_ini_ignores_database_url(platform):
    status, output = platform.execute("backend", "alembic", "current", workdir="/app/backend")
    assert (status, "password authentication failed" in output) == (1, True), output


def test_migrations_have_two_heads_and_long_ids(alembic):
    status, output = alembic.run("heads")
    heads = ["2025_08_14_add_agents (head)", "2025_08_16_add_ai_models_and_settings_tables (head)"]
    assert (status, sorted(output.split("\n")[:2])) == (0, heads)
    status, output = alembic.run("upgrade", "head")
    assert (status, "Multiple head revisions" in output) == (255, True)


def test_migrations_fail_on_an_empty_database_and_leave_nothing(alembic):
    status, output = alembic.run("upgrade", "heads")
    assert (status, 'relation "documents" does not exist' in output) == (1, True)
    assert alembic.query("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_migrations_of_the_applications_own_tables(alembic):
    alembic.make_tables()
    status, output = alembic.run("upgrade", "heads")
    assert (status, 'relation "tags" already exists' in output) == (1, True)
    status, output = alembic.run("stamp", "heads")
    assert (status, "value too long for type character varying(32)" in output) == (1, True)
    alembic.make_version_table()
    assert alembic.run("stamp", "heads")[0] == 0
    assert alembic.run("upgrade", "heads")[0] == 0
    assert len(alembic.query("SELECT * FROM alembic_version")) == 2


def test_the_agents_branch_works(alembic):
    assert alembic.run("upgrade", "2025_08_14_add_agents")[0] == 0
    assert alembic.query("SELECT count(*) FROM agents") == [(0,)]


def test_one_migration_loses_super_admin_and_the_next_one_fails(alembic):
    alembic.make_tables()
    alembic.make_version_table()
    alembic.run("stamp", "add_password_reset_fields")
    assert alembic.run("upgrade", "2025_08_16_fix_enum_types_and_timestamps")[0] == 0
    labels = "SELECT enum_range(NULL::user_role)::text[] FROM (SELECT 1) one"
    assert alembic.query(labels) == [(["ADMIN", "MANAGER", "USER", "GUEST"],)]
    kind = "SELECT udt_name FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'role'"
    assert alembic.query(kind) == [("user_role",)]
    alembic.query("DROP TABLE ai_models, knowledge_settings")
    status, output = alembic.run("upgrade", "2025_08_16_add_ai_models_and_settings_tables")
    assert (status, "default expression is of type integer" in output) == (1, True)


# The other stand-ins


def test_postgres_never_takes_a_half_made_data_directory_for_a_good_one(platform):
    settings = {"POSTGRES_USER": "convosphere", "POSTGRES_PASSWORD": DATABASE_KEY}
    half = (
        "mkdir -p $PGDATA/.initialising/cluster && touch $PGDATA/postgresql.conf && exec docker-entrypoint.sh postgres"
    )
    container = platform.run("postgres", "half-made", environment=settings, entrypoint=["bash", "-c", half])
    until(lambda: platform.execute("half-made", "pg_isready", "--quiet")[0] == 0, "the database")
    assert b"an earlier initialisation was cut short" in container.logs()
    foreign = "touch $PGDATA/precious && exec docker-entrypoint.sh postgres"
    container = platform.run("postgres", "foreign", environment=settings, entrypoint=["bash", "-c", foreign])
    assert container.wait(timeout=30)["StatusCode"] == 1
    assert b"refusing to touch it" in container.logs()
    container = platform.run("postgres", "no-password")
    assert container.wait(timeout=30)["StatusCode"] == 1
    assert b"set POSTGRES_PASSWORD" in container.logs()


def test_object_store_serves_s3_on_its_directory(platform):
    keys = {"aws_access_key_id": "planted-access-key", "aws_secret_access_key": "planted-object-key"}
    settings = {"MINIO_ROOT_USER": keys["aws_access_key_id"], "MINIO_ROOT_PASSWORD": keys["aws_secret_access_key"]}
    # The command and the health check are those of roles/stack/templates/compose.yaml.j2.
    command = ["server", "/data", "--console-address", ":9001"]
    container = platform.run("minio", environment=settings, command=command)
    until(lambda: platform.execute("minio", "mc", "ready", "local")[0] == 0, "the object store")

    def client(**changed: str) -> Any:
        place = {"endpoint_url": f"http://{platform.address('minio')}", "region_name": "us-east-1"}
        return boto3.client("s3", **place, **{**keys, **changed})

    store = client()
    store.create_bucket(Bucket="uploads")
    store.put_object(Bucket="uploads", Key="folder/note.txt", Body=b"hello")
    assert platform.execute("minio", "cat", "/data/uploads/folder/note.txt") == (0, "hello")
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        client(aws_secret_access_key="wrong").list_buckets()
    container.restart(timeout=5)
    until(lambda: platform.execute("minio", "mc", "ready", "local")[0] == 0, "the object store")
    store = client()  # its port is another one
    assert store.get_object(Bucket="uploads", Key="folder/note.txt")["Body"].read() == b"hello"
    assert platform.execute("minio", "mc", "ls", "local")[0] == 64
    assert keys["aws_secret_access_key"] not in str(container.top())


def test_vector_store_keeps_objects_and_restores_backups(platform):
    headers = {"Authorization": "Bearer planted-weaviate-key"}

    def call(method: str, path: str, **body: Any) -> Any:
        return platform.call(method, f"/v1{path}", "weaviate", headers=headers, json=body or None)

    assert platform.call("GET", "/v1/meta", "weaviate").status_code == 401
    assert call("GET", "/meta").json()["version"] == "1.23.7"
    assert call("POST", "/schema", **{"class": "Note", "properties": []}).status_code == 200
    key = call("POST", "/objects", **{"class": "Note", "properties": {"text": "hello"}}).json()["id"]
    assert call("POST", "/backups/filesystem", id="first").json()["status"] == "STARTED"
    until(lambda: call("GET", "/backups/filesystem/first").json()["status"] == "SUCCESS", "the backup")
    assert platform.execute("weaviate", "test", "-f", "/var/lib/weaviate/backups/first/backup_config.json")[0] == 0
    assert call("POST", "/backups/filesystem", id="first").status_code == 422
    assert call("DELETE", "/schema/Note").status_code == 200
    assert call("GET", f"/objects/Note/{key}").status_code == 404
    assert call("POST", "/backups/filesystem/first/restore", include=["Note"]).status_code == 200
    until(lambda: call("GET", "/backups/filesystem/first/restore").json()["status"] == "SUCCESS", "the restore")
    assert call("GET", f"/objects/Note/{key}").json()["properties"] == {"text": "hello"}
