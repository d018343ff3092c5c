# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from support.conversations import Volume, fill
from support.database_verb import database_verb
from support.law import Refused, Step
from support.platform_database import PlatformDatabase
from support.sandbox import DATABASE_KEY, Sandbox

MODULE = "convosphere_usage_info"
#: The price of each model in ai_models that counts: the old inactive row of gpt-4 does not.
PRICE = "CASE model_used WHEN 'gpt-4' THEN 0.03 WHEN 'claude-3' THEN 0.015 END"
FIGURES = f"""
    count(*), count(DISTINCT conversation_id), sum(tokens_used), round(sum(tokens_used * {PRICE} / 1000), 6),
    coalesce(sum(tokens_used) FILTER (WHERE {PRICE} IS NULL), 0)
"""
NAMES = ("messages", "conversations", "tokens", "cost", "unpriced_tokens")
JUNE = "m.created_at >= '2026-06-01' AND m.created_at < '2026-07-01'"


@pytest.fixture(scope="module")
def database(tables: Sandbox) -> PlatformDatabase:
    """Fill a database, which no test changes."""
    database = PlatformDatabase(tables)
    login = {"host": "127.0.0.1", "port": database.login["login_port"], "user": "convosphere"}
    fill(Volume(), password=DATABASE_KEY, dbname=database.name, **login)
    return database


def plain(database: PlatformDatabase, key: str, condition: str = JUNE) -> dict[Any, dict[str, Any]]:
    """Return the figures by a key, counted with plain SQL."""
    rows = database.query(
        f"""SELECT {key}, {FIGURES} FROM messages m JOIN conversations c ON c.id = m.conversation_id
        JOIN users u ON u.id = c.user_id LEFT JOIN user_group_association x ON x.user_id = u.id AND {"g.name" in key}
        LEFT JOIN user_groups g ON g.id = x.group_id WHERE {condition} GROUP BY 1"""  # noqa: S608 - texts of this file
    )
    return {row[0]: figures(row[1:]) for row in rows}


def figures(row: tuple[Any, ...]) -> dict[str, Any]:
    return {**dict(zip(NAMES, row, strict=True)), "cost": None if row[3] is None else float(row[3])}


@pytest.mark.law
def test_law(run_info_law, database):
    total = plain(database, "true")[True]
    budgets = [{"group": "Köln", "tokens": 70_000, "cost": 0.5}, {"group": "Vertrieb", "tokens": 10**6}]
    koeln = plain(database, "g.name")["Köln"]
    run = run_info_law(
        MODULE,
        {**database.login, "month": "2026-06", "by": ["group"], "budgets": budgets},
        returns={
            "timezone": "UTC",
            "period": {"since": "2026-06-01T00:00:00Z", "until": "2026-07-01T00:00:00Z"},
            "total": total,
            "by": ["group"],
            "more_rows": 0,
            "tables": {},
            "days": [],
            "month": {"name": "2026-06", "days": 30, "full_days": 30},
            "forecast": {
                "tokens": total["tokens"], "cost": total["cost"], "full_days": 30,
                "used": {"tokens": total["tokens"], "cost": total["cost"]},
            },
            "verdict": {"status": "exceeded", "line": f"Köln used {koeln['cost'] * 200:.1f} % of its cost budget"},
            "notes": [
                "A user in several groups counts in each of them: the sums of groups do not add up to the total",
                f"{total['unpriced_tokens']} tokens have no price and are in no cost",
            ],
        },
        refused=[
            Refused("database", {**database.login, "login_db": "postgres"}, "has no table conversations"),
            Refused("month", {**database.login, "month": "2026-13"}, "month is '2026-13': give a month such as"),
            Refused("zone", {**database.login, "timezone": "Europe/Berln"}, "which the server does not know"),
            Refused("group", {**database.login, "budgets": [{"group": "x", "cost": 1}]}, "there is no group 'x'"),
            Refused(
                "price", {**database.login, "prices": [{"model": "a", "per_1k": 1, "since": "July"}]},
                "since is 'July', give a day such as 2026-07-01",
            ),
        ],
        in_playbook=False,
    )  # fmt: skip
    result = run.task("read").result
    groups = {row["group"]: {name: row[name] for name in NAMES} for row in result["rows"]}
    assert groups == plain(database, "g.name")
    assert sum(each["messages"] for each in groups.values()) > total["messages"]
    assert {(each["model"], each["reason"]) for each in result["unpriced"]} == {
        (None, "no model is recorded"),
        ("retired-model", "unknown to ai_models and prices"),
        ("local-llm", "without a price at that time"),
    }
    assert [(each["group"], each["measure"], each["status"]) for each in result["budgets"]] == [
        ("Köln", "tokens", "warning"), ("Köln", "cost", "exceeded"), ("Vertrieb", "tokens", "within")
    ]  # fmt: skip
    assert {each["model"]: (each["per_1k"], each["rows"]) for each in result["prices"]} == {
        "claude-3": (0.015, 1), "gpt-4": (0.03, 2), "local-llm": (None, 1)
    }  # fmt: skip


@pytest.mark.parametrize(("by", "key"), [("model", "m.model_used"), ("user", "u.email"), ("day", None)])
def test_figures_are_those_of_plain_sql(run_steps, database, by, key):
    key = key or "to_char(m.created_at AT TIME ZONE 'Pacific/Auckland', 'YYYY-MM-DD')"
    options = {**database.login, "since": "2000-01-01", "by": [by], "timezone": "Pacific/Auckland"}
    rows = run_steps(MODULE, [Step("Count", options)]).task("Count").result["rows"]
    assert {row[by]: {name: row[name] for name in NAMES} for row in rows} == plain(database, key, "true")


def test_a_day_begins_in_the_time_zone_and_a_price_on_its_day(run_steps, database):
    prices = [{"model": "gpt-4", "per_1k": 1}, {"model": "gpt-4", "per_1k": 2, "since": "2026-06-10"}]
    options = {
        **database.login, "since": "2026-06-09", "until": "2026-06-11", "timezone": "Europe/Berlin", "by": ["day"],
        "prices": prices,
    }  # fmt: skip
    result = run_steps(MODULE, [Step("Count", options)]).task("Count").result
    days = {
        day: plain(
            database, "model_used", f"(m.created_at AT TIME ZONE 'Europe/Berlin')::date = '{day}'"
        ) for day in ("2026-06-09", "2026-06-10")
    }  # fmt: skip

    assert result["period"] == {"since": "2026-06-08T22:00:00Z", "until": "2026-06-10T22:00:00Z"}
    for row, price in zip(result["rows"], (1, 2), strict=True):
        models = days[row["day"]]
        expected = models["gpt-4"]["tokens"] * price / 1000 + models["claude-3"]["cost"]
        assert row["cost"] == pytest.approx(expected)


def test_usage_yml_reports_writes_and_fails(database, tmp_path: Path):
    run = database_verb(tmp_path, database, "usage", "usagetest")
    options = {"month": "2026-06", "by": "group", "usage_currency": "EUR"}
    page, document = tmp_path / "usage.html", tmp_path / "usage.json"
    budget = [{"group": "Köln", "cost": 0.5}]
    kept = run("usage.yml", write_to=str(page), usage_budgets=budget, usage_fails_on="nothing", **options).succeeded()
    failed = run("usage.yml", write_to=str(document), usage_budgets=budget, **options)
    refused = run("usage.yml", write_to="usage.pdf", **options)
    lines = kept.task("Report the usage").result["msg"]

    assert lines[0] == "From 2026-06-01T00:00:00Z to 2026-07-01T00:00:00Z, days of UTC"
    assert lines[1].split() == ["GROUP", "MESSAGES", "CONVERSATIONS", "TOKENS", "COST", "EUR", "UNPRICED"]
    assert "(no group)" in lines[5]
    assert [stat.S_IMODE(path.stat().st_mode) for path in (page, document)] == [0o600, 0o600]
    assert "Köln" in page.read_text()
    assert json.loads(document.read_text())["verdict"]["status"] == "exceeded"
    assert [each.message for each in failed.failures] == ["Köln used 111.7 % of its cost budget"]
    assert ["ends with .html or .json" in each.message for each in refused.failures] == [True]
