# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from support.law import Case, Refused, Step
from support.platform_database import READER, PlatformDatabase, assert_shown, platform_with_login
from support.playbook import run_playbook as play
from support.sandbox import DATABASE_KEY, Sandbox, until

MODULE = "convosphere_user"
PASSWORD = "Planted-Passw0rd-äö"
HASH = "$2b$12$abcdefghijklmnopqrstuuZ0Y1QWmZV0mX5p7lS7bqPZ0oC3iVY1e"
NEW = {"auth_provider": "local", "is_verified": False, "language": "de", "role": "user", "status": "active"}
NEW = {**NEW, "timezone": "Europe/Berlin"}
ADA = "ada@example.com"


@pytest.fixture
def database(tables: Sandbox) -> PlatformDatabase:
    return PlatformDatabase(tables)


def one_task(database: PlatformDatabase, **options: Any) -> list[dict[str, Any]]:
    return [{"name": "Users", "convosphere.platform.convosphere_user": {**database.login, **options}}]


def generated(count: int) -> list[dict[str, Any]]:
    return [
        {"email": f"user{number:04}@example.com", "first_name": f"First {number}", "department": f"D{number % 7}"}
        for number in range(count)
    ]


@pytest.mark.law
def test_law(run_law, database):
    database.add_group("engineering")
    database.add_group("sales")
    database.add_user("bob@example.com", locked_until="2026-01-01", failed_login_attempts="5")
    login = database.login
    ada = {**login, "email": ADA}
    # The first case is the unlocking: until then the platform's list of users fails.
    cases = [
        Case(
            "unlock",
            {**login, "email": "bob@example.com", "locked": False},
            diff={"before": {"bob@example.com": {"locked": True}}, "after": {"bob@example.com": {"locked": False}}},
        ),
        Case(
            "create",
            {**ada, "first_name": "Ada", "groups": ["engineering"], "password": PASSWORD},
            diff={
                "before": {},
                "after": {
                    ADA: {
                        **NEW,
                        "username": "ada",
                        "first_name": "Ada",
                        "groups": ["engineering"],
                        "password": "********",
                    }
                },
            },
            returns={"created": [ADA], "updated": {}, "deleted": [], "unchanged": []},
        ),
        Case(
            "change",
            {**ada, "role": "MANAGER", "first_name": "", "preferences": {"theme": "dark"}, "is_verified": True},
            diff={
                "before": {ADA: {"role": "user", "first_name": "Ada", "preferences": None, "is_verified": False}},
                "after": {
                    ADA: {
                        "role": "manager",
                        "first_name": None,
                        "preferences": {"theme": "dark"},
                        "is_verified": True,
                    }
                },
            },
            returns={"updated": {ADA: ["first_name", "is_verified", "preferences", "role"]}},
        ),
        Case(
            "change the password",
            {**ada, "password": "Another-Passw0rd", "update_password": "always"},
            diff={"before": {ADA: {"password": "********"}}, "after": {ADA: {"password": "******** (changed)"}}},
        ),
        Case(
            "append a group",
            {**login, "users": [{"email": ADA, "groups": ["sales"]}], "groups_mode": "append"},
            diff={
                "before": {ADA: {"groups": ["engineering"]}},
                "after": {ADA: {"groups": ["engineering", "sales"]}},
            },
        ),
        Case(
            "exact groups",
            {**login, "users": [{"email": ADA, "groups": ["sales"]}]},
            diff={"before": {ADA: {"groups": ["engineering", "sales"]}}, "after": {ADA: {"groups": ["sales"]}}},
        ),
        Case(
            "rename",
            {**ada, "new_email": "Ada.L@example.com"},
            diff={"before": {ADA: {"email": ADA}}, "after": {ADA: {"email": "Ada.L@example.com"}}},
        ),
        Case(
            "absent",
            {**login, "email": "ADA.l@EXAMPLE.com", "state": "absent"},
            diff={
                "before": {"Ada.L@example.com": {"username": "ada", "role": "manager", "status": "active"}},
                "after": {},
            },
            returns={"deleted": ["Ada.L@example.com"]},
        ),
    ]
    run = run_law(
        MODULE,
        cases,
        read_back=database.read_users(),
        refused=[
            Refused("no email", {**login, "email": "nobody"}, "email 'nobody' must be an email address of ASCII"),
            Refused("unknown role", {**ada, "role": "king"}, "role 'king' is not one of super_admin, admin, manager"),
            Refused("long password", {**ada, "password": PASSWORD * 4}, "bcrypt takes at most 72"),
            Refused("a number", {**ada, "employee_id": 83}, "employee_id must be a text, not the number 83: quote it"),
            Refused("a number as password", {**ada, "password": 1234567890}, "not the number: quote it"),
            Refused("apostrophe", {**ada, "new_email": "o'brien@example.org"}, "the platform could not return it"),
            Refused("no hash", {**ada, "password_hash": "planted-no-hash"}, "password_hash is not a bcrypt hash"),
            Refused("to lock", {**ada, "locked": True}, "locked can only be false"),
            Refused("prune one", {**ada, "prune": True}, "prune is True but any of the following are missing"),
            Refused("wrong key", {**ada, "login_password": "planted-wrong-key"}, "password authentication failed"),
            Refused("no tables", {**ada, "login_db": "postgres"}, "has no table users"),
        ],
    )
    assert_shown(run, cases)
    assert database.emails() == ["bob@example.com", READER]


def test_all_problems_of_a_list_are_told_together_and_nothing_is_changed(run_playbook, database):
    database.add_user("bob@example.com")
    database.add_user("Carol@example.com", username="carol1")
    database.add_user("carol@example.com", username="carol2")
    for _each in range(2):
        database.add_group("twins")
    planted = "planted-secret-\0"
    users = [
        {"email": "not an email"},
        {"email": ADA, "rol": "admin", "timezone": "Mars/Phobos", "preferences": "{no json"},
        {"email": "new@example.com", "username": "bob", "groups": ["nowhere", "twins"]},
        {"email": "ADA@example.com"},
        {"email": "carol@example.com", "status": "active"},
        {"email": "d@example.com", "password": planted},
        {"email": "e@example.com", "first_name": "x" * 101, "language": ""},
        {"first_name": "nobody"},
    ]
    run = run_playbook(one_task(database, users=users), verbosity=3, diff=True)
    message = run.task("Users").message
    for part in [
        "users[0] (not an email): email 'not an email' must be an email address of ASCII letters",
        "users[1] (ada@example.com): there is no option 'rol' (is 'role' meant?)",
        "timezone 'Mars/Phobos' does not exist",
        "preferences is not valid JSON",
        "the username 'bob' is taken by bob@example.com",
        "there is no group 'nowhere'",
        "'twins' is the name of several groups",
        "users[1] (ada@example.com) and users[3] (ADA@example.com) have the same email",
        "'Carol@example.com' and 'carol@example.com', which differ only in case",
        "the password contains a NUL character",
        "first_name has 101 characters, and at most 100 fit",
        "language cannot be empty",
        "users[7]: email is missing",
        "Nothing was changed",
    ]:
        assert part in message
    assert "planted-secret" not in run.output
    assert database.emails() == ["Carol@example.com", "bob@example.com", "carol@example.com"]


def test_whatever_is_in_a_name_is_data(run_playbook, database):
    name = "Robert'); DROP TABLE users;-- \"\\ % {} ñ 漢字 🎉"
    email = f"o_neil%--{'x' * 40}@{'d' * 60}.{'e' * 60}.{'f' * 60}.example.com"
    user = {
        "email": email,
        "username": "robert'; --",
        "first_name": name,
        "bio": name * 40,
        "preferences": {name: name},
    }
    tasks = one_task(database, users=[user])
    first = run_playbook(tasks).succeeded()
    again = run_playbook(tasks).succeeded()

    assert (first.changed, again.changed) == (1, 0)
    assert database.query("SELECT email, first_name, bio, preferences FROM users") == [
        (email, name, name * 40, {name: name})
    ]


def test_a_thousand_users(tmp_path, database):
    users = generated(1000)
    changed = [
        {**user, "department": "Moved"} if number % 27 == 0 and number < 999 else user
        for number, user in enumerate(users)
    ]
    steps = [
        ("created", users, {}, (1000, 0, 0)),
        ("again", users, {}, (0, 0, 0)),
        ("37 changed", changed, {}, (0, 37, 0)),
        ("5 absent", [{"email": user["email"], "state": "absent"} for user in users[:5]], {}, (0, 0, 5)),
        (
            "20 pruned",
            changed[5:975] + changed[980:],
            {"prune": True, "prune_protected": [users[975]["email"]]},
            (0, 0, 4),
        ),
    ]
    for name, wanted, options, counts in steps:
        folder = tmp_path / name.replace(" ", "-")
        folder.mkdir()
        file = folder / "users.json"
        file.write_text(json.dumps({"users": wanted}))
        tasks = one_task(database, users_file=str(file), **options)
        before = database.query("SELECT count(*), max(updated_at) FROM users")
        predicted = play(tasks, folder, check=True, diff=True).succeeded().task("Users")
        assert database.query("SELECT count(*), max(updated_at) FROM users") == before
        done = play(tasks, folder, diff=True).succeeded().task("Users")
        for result in (predicted, done):
            found = tuple(len(result.result[kind]) for kind in ("created", "updated", "deleted"))
            assert found == counts, name
        assert predicted.diff == done.diff
        assert {**predicted.result, "diff": 0} == {**done.result, "diff": 0}
    assert len(database.emails()) == 991
    kinds = database.query("SELECT event_type::text, count(*) FROM audit_logs GROUP BY 1 ORDER BY 1")
    assert kinds == [("USER_DELETE", 9), ("USER_REGISTER", 1000), ("USER_UPDATE", 37)]


def test_a_statement_that_fails_leaves_neither_email_nor_hash_in_the_servers_log(run_steps, database):
    database.query(f"ALTER DATABASE {database.name} SET log_statement = 'all'")
    database.query("ALTER TABLE users ADD CONSTRAINT refused CHECK (email <> 'grace@example.com')")
    server = database.running.containers["postgres"]
    until(lambda: b"ADD CONSTRAINT refused" in server.logs(), "the log of the statement before")
    logged = server.logs()
    options = {**database.login, "email": "grace@example.com", "password": "planted-password-1"}

    run_steps(MODULE, [Step("refused", options, fails='violates check constraint "refused"')])

    log = server.logs()[len(logged) :].decode()
    assert 'violates check constraint "refused"' in log
    assert "grace" not in log
    assert "$2b$" not in log


def test_pruning_stops_at_its_limit_and_its_scope(run_steps, database):
    for number in range(20):
        database.add_user(f"local{number:02}@example.com")
    database.add_user("ldap@example.com", auth_provider="LDAP")
    database.add_user("org@example.com", organization_id="6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11")
    keep = [{"email": f"local{number:02}@example.com"} for number in range(17)]
    kept = {**database.login, "users": keep, "prune": True}
    limit = "prune would remove 3 of 20 users (15.0 %), and prune_limit allows 10 %"
    everybody = {**database.login, "prune": True, "prune_limit": 100}
    nobody = "this list has none: all users would be removed"
    run_steps(
        MODULE,
        [
            Step("over the limit", kept, fails=limit),
            Step("an empty list", {**everybody, "users": []}, fails=nobody),
            Step("an empty list (check)", {**everybody, "users": []}, check=True, fails=nobody),
            Step("another list", {**everybody, "users": [{"email": ADA}]}, fails="the list has none of the 20"),
            Step(
                "within the limit",
                {**kept, "prune_limit": 15},
                returns={"deleted": [f"local{number}@example.com" for number in (17, 18, 19)]},
            ),
        ],
    )

    assert {"ldap@example.com", "org@example.com"} <= set(database.emails())


def test_what_a_user_owns_is_refused_handed_over_or_archived(run_steps, database):
    owner, heir = database.add_user("owner@example.com"), database.add_user("heir@example.com")
    group = database.add_group("g")
    database.query("INSERT INTO user_group_association VALUES (%s, %s)", owner, group)
    database.add_assistant(owner)
    absent = {**database.login, "email": "owner@example.com", "state": "absent"}
    archived = {
        "before": {"owner@example.com": {"status": "active"}},
        "after": {"owner@example.com": {"status": "archived"}},
    }
    run_steps(
        MODULE,
        [
            Step("refuse", absent, fails="owner@example.com owns 1 assistants"),
            Step("nobody", {**absent, "owned": "transfer"}, fails="transfer_to is missing"),
            Step(
                "unknown",
                {**absent, "owned": "transfer", "transfer_to": "x@example.com"},
                fails="user x@example.com does not exist",
            ),
            Step("archive", {**absent, "owned": "archive"}, changed=True, diff=archived),
            Step("archive again", {**absent, "owned": "archive"}, changed=False),
            Step(
                "transfer (check)",
                {**absent, "owned": "transfer", "transfer_to": "HEIR@example.com"},
                check=True,
                changed=True,
            ),
            Step("transfer", {**absent, "owned": "transfer", "transfer_to": "HEIR@example.com"}, changed=True),
            Step("transfer again", {**absent, "owned": "transfer", "transfer_to": "HEIR@example.com"}, changed=False),
        ],
    )

    assert database.emails() == ["heir@example.com"]
    assert database.query("SELECT creator_id::text FROM assistants") == [(heir,)]
    assert database.query("SELECT count(*) FROM user_group_association") == [(0,)]


def test_the_last_active_super_admin_stays(run_steps, database):
    database.add_user("root@example.com", role="SUPER_ADMIN")
    root = {**database.login, "email": "root@example.com"}
    message = "Cannot demote, suspend or remove the last active super_admin, root@example.com"
    handed_over = [{"email": "next@example.com", "role": "super_admin"}, {"email": "root@example.com", "role": "user"}]
    run_steps(
        MODULE,
        [
            Step("demote", {**root, "role": "admin"}, fails=message),
            Step(
                "the way out", {**root, "role": "admin"}, fails="Give another user role: super_admin in the same list"
            ),
            Step("suspend (check)", {**root, "status": "suspended"}, check=True, fails=message),
            Step("remove", {**root, "state": "absent"}, fails=message),
            Step("rename", {**root, "new_email": "boss@example.com"}, changed=True),
            Step("rename back", {**root, "email": "boss@example.com", "new_email": "root@example.com"}, changed=True),
            Step("hand over", {**database.login, "users": handed_over}, changed=True),
            Step("and remove", {**root, "state": "absent"}, changed=True),
        ],
    )

    assert database.emails() == ["next@example.com"]


def test_names_can_be_exchanged_and_derived_ones_do_not_collide(run_steps, database):
    database.add_user("a@example.com", username="left")
    database.add_user("b@example.com", username="right")
    users = [
        {"email": "a@example.com", "username": "right"},
        {"email": "b@example.com", "username": "left"},
        {"email": "left@example.com"},
        {"email": "new@example.com"},
        {"email": "new@example.org"},
    ]
    wanted = {**database.login, "users": users}
    run_steps(MODULE, [Step("exchange", wanted, changed=True)])
    found = dict(database.query("SELECT email, username FROM users"))

    assert found.pop("left@example.com").startswith("left-")
    assert found.pop("new@example.org").startswith("new-")
    assert found == {"a@example.com": "right", "b@example.com": "left", "new@example.com": "new"}
    run_steps(MODULE, [Step("again", wanted, changed=False)])


@pytest.mark.parametrize("suffix", ["yml", "json", "csv"])
def test_files_of_each_kind(tmp_path, run_steps, database, suffix):
    database.add_group("a b")
    database.add_group("c")
    content = {
        "yml": "# us\nusers:\n- {email: ada@example.com, employee_id: 007, is_verified: yes, groups: [a b, c]}\n",
        "json": '[{"email": "ada@example.com", "employee_id": "007", "is_verified": true, "groups": ["a b", "c"]}]',
        "csv": 'E-Mail;Employee ID;is_verified;groups;phone\r\nada@example.com;007;yes;"a b; c";\r\n',
    }
    file = tmp_path / f"users.{suffix}"
    file.write_text(content[suffix])
    options = {**database.login, "users_file": str(file)}
    run_steps(MODULE, [Step("read", options, changed=True), Step("again", options, changed=False)])
    rows = database.query(
        "SELECT employee_id, is_verified, phone, array_agg(g.name::text ORDER BY g.name) FROM users u "
        "JOIN user_group_association a ON a.user_id = u.id JOIN user_groups g ON g.id = a.group_id GROUP BY u.id"
    )

    assert rows == [("007", True, None, ["a b", "c"])]


def test_a_vault_is_decrypted_and_its_password_is_nowhere(tmp_path, run_playbook, database):
    file, key = tmp_path / "users.yml", tmp_path / "key"
    file.write_text(f"- email: {ADA}\n  password: {PASSWORD}\n")
    key.write_text("vault-key")
    subprocess.run(["ansible-vault", "encrypt", "--vault-password-file", key, file], check=True, capture_output=True)
    tasks = one_task(database, users_file=str(file))
    run = run_playbook(tasks, verbosity=3, diff=True, arguments=["--vault-password-file", str(key)]).succeeded()

    assert database.emails() == [ADA]
    assert PASSWORD not in run.output
    assert database.query("SELECT hashed_password ~ '^\\$2b\\$12\\$' FROM users") == [(True,)]


def test_an_unchanged_run_computes_no_hash(run_playbook, database):
    users = [{"email": f"u{number}@example.com", "password": PASSWORD} for number in range(3)]
    run_playbook(one_task(database, users=users)).succeeded()
    hashes = database.query("SELECT hashed_password FROM users ORDER BY email")
    assert len(set(hashes)) == 3, "the same password must not be seen to be the same"
    # Where bcrypt cannot be imported, whoever computes a hash fails.
    blocked = [
        {**task, "environment": {"PYTHONPATH": str(Path(__file__).parent / "files/no_bcrypt")}}
        for task in one_task(database, users=users)
    ]
    run = run_playbook(blocked).succeeded()

    assert run.changed == 0
    assert database.query("SELECT hashed_password FROM users ORDER BY email") == hashes
    refused = run_playbook(
        [
            {
                **blocked[0],
                "convosphere.platform.convosphere_user": {
                    **one_task(database, users=users)[0]["convosphere.platform.convosphere_user"],
                    "update_password": "always",
                },
            }
        ]
    )
    assert "the required Python library (bcrypt)" in refused.task("Users").message


def test_who_did_what_is_in_the_audit_trail_without_passwords(run_steps, database):
    user = {"email": ADA, "password": PASSWORD}
    named = {**database.login, "users": [user], "audit_actor": "ops@example.com", "audit_run": "CHG-42"}
    unnamed = {**database.login, "users": [{"email": ADA, "role": "admin"}]}
    run_steps(MODULE, [Step("register", named, changed=True), Step("promote", unnamed, changed=True)])
    rows = database.query("SELECT event_type::text, session_id, details FROM audit_logs ORDER BY created_at")

    assert [row[0] for row in rows] == ["USER_REGISTER", "USER_UPDATE"]
    assert rows[0][1] == "CHG-42"
    assert rows[0][2]["actor"] == "ops@example.com"
    assert rows[0][2]["after"]["password"] == "********"
    assert (rows[1][2]["before"], rows[1][2]["after"]) == ({"role": "user"}, {"role": "admin"})
    assert "@" in rows[1][2]["actor"]


def test_a_run_that_is_killed_leaves_nothing(tmp_path, database):
    # The insertion waits for a lock that the test holds; killed there, it must not have changed a row.
    import psycopg2

    blocker = psycopg2.connect(
        host="127.0.0.1",
        port=database.login["login_port"],
        user="convosphere",
        password=DATABASE_KEY,
        dbname=database.name,
    )
    with blocker.cursor() as cursor:
        cursor.execute("LOCK TABLE audit_logs IN ACCESS EXCLUSIVE MODE")
    database_users = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'convosphere.platform' AND datname = %s"
    )
    waiting = (
        "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = %s "
        "AND query LIKE 'INSERT INTO \"audit_logs\"%%'"
    )
    module = arguments(tmp_path, database, users=generated(500))
    with subprocess.Popen(module, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        # The trail is checked first, from the catalog; the first who needs the table itself is the insertion.
        until(lambda: database.query(waiting, database.name), "the insertion to wait")
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    blocker.rollback()
    blocker.close()
    until(lambda: database.query(database_users, database.name) == [(0,)], "the connection to end")

    assert database.emails() == []
    assert database.query("SELECT count(*) FROM audit_logs") == [(0,)]


def arguments(folder: Path, database: PlatformDatabase, **options: Any) -> list[str]:
    """Return a command that runs the module without Ansible, so that a test can kill it."""
    file = folder / "arguments.json"
    file.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {**database.login, **options}}))
    program = (
        "import json, sys\nfrom pathlib import Path\nfrom ansible.module_utils.testing import patch_module_args\n"
        "from ansible_collections.convosphere.platform.plugins.modules import convosphere_user\n"
        "with patch_module_args(json.loads(Path(sys.argv[1]).read_text())['ANSIBLE_MODULE_ARGS']):\n"
        "    convosphere_user.main()"
    )
    return ["python", "-c", program, str(file)]


def test_two_runs_at_once_leave_one_result(tmp_path, database):
    results = []

    def run(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        users = [
            {**user, "job_title": f"Run {number}", "username": f"name{index}"}
            for index, user in enumerate(generated(300))
        ]
        results.append(play(one_task(database, users=users), folder))

    threads = [threading.Thread(target=run, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = sorted(
        (len(result.succeeded().task("Users").result["created"]), len(result.task("Users").result["updated"]))
        for result in results
    )

    assert counts == [(0, 300), (300, 0)]
    assert database.query("SELECT count(*), count(DISTINCT job_title) FROM users") == [(300, 1)]


def test_a_table_that_is_not_as_expected_and_missing_rights(run_steps, database):
    database.query("ALTER TABLE users RENAME COLUMN employee_id TO staff_number")
    options = {**database.login, "users": generated(1)}
    run_steps(MODULE, [Step("another table", options, fails="has no column employee_id")])

    database.query("ALTER TABLE users RENAME COLUMN staff_number TO employee_id")
    role = f"reader_{database.name}"
    database.query(f"CREATE ROLE {role} LOGIN PASSWORD 'planted-reader-key'")
    database.query(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    reader = {**options, "login_user": role, "login_password": "planted-reader-key"}
    run_steps(MODULE, [Step("no right", reader, fails="has no right to INSERT in table users")])

    assert database.emails() == []


def test_the_platform_lets_in_whom_we_gave_a_password(tmp_path_factory, run_steps):
    with platform_with_login(tmp_path_factory.mktemp("images")) as running:
        database = PlatformDatabase(running, "convosphere")
        options = {**database.login, "api_url": f"http://{running.address('backend')}", "verify_login": True}
        users = [{"email": f"u{number}@example.com", "password": f"{PASSWORD}{number}"} for number in range(2)]
        suspended = {"email": "out@example.com", "status": "suspended", "password": PASSWORD}
        emails = [user["email"] for user in users]
        run_steps(
            MODULE,
            [
                Step("log in", {**options, "users": users}, returns={"logins": {"verified": emails, "untried": []}}),
                Step(
                    "log in again",
                    {**options, "users": users},
                    changed=False,
                    returns={"logins": {"verified": [], "untried": []}},
                ),
                Step(
                    "suspended", {**options, "users": [suspended]}, fails="refuses the login of out@example.com (401)"
                ),
            ],
            secrets=[PASSWORD],
        )


def test_time_is_not_wasted(tmp_path, database):
    # A guard against quadratic work; the bench has the figures.
    file = tmp_path / "users.json"
    file.write_text(json.dumps(generated(20_000)))
    started = time.monotonic()
    play(one_task(database, users_file=str(file)), tmp_path).succeeded()

    assert time.monotonic() - started < 60
