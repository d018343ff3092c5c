# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core import dotenv
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._postgres import credentials

URL = "postgresql://{}:pass%2Fword@postgres:5432/convosphere"


@pytest.mark.parametrize(
    ("url", "login"),
    [
        (URL.format("convosphere"), "convosphere"),
        (URL.format("convosphere_2"), "convosphere_2"),
        (URL.format("somebody"), "convosphere"),
        (URL.format("convosphere_2").replace("word", ""), "convosphere"),
        ("postgresql://[", "convosphere"),
        ("", "convosphere"),
    ],
)
def test_the_login_role_is_that_of_the_url_if_it_has_the_password(url, login):
    assert credentials.login_of({"DATABASE_URL": url, "POSTGRES_PASSWORD": "pass/word"}, "convosphere") == login


def test_the_two_login_roles_fit_into_a_name_of_postgresql():
    assert credentials.logins("a") == ("a", "a_2")
    assert len(credentials.logins("a" * 63)[1]) == 63


def test_a_password_of_the_options_comes_first(tmp_path):
    variables = {"DATABASE_URL": URL.format("convosphere_2"), "POSTGRES_PASSWORD": "pass/word"}
    (tmp_path / ".env").write_text(dotenv.merge("", variables, "x"))
    stored = {"login_user": "convosphere", "login_password": None, "login_env_file": str(tmp_path / ".env")}

    assert credentials.find(stored) == ("convosphere_2", "pass/word")
    assert credentials.find({**stored, "login_password": "given"}) == ("convosphere", "given")
    assert credentials.find({**stored, "login_env_file": None}) == ("convosphere", None)


def test_a_file_without_a_password_is_named(tmp_path):
    (tmp_path / ".env").write_text("A=1\n")
    params = {"login_user": "x", "login_password": None, "login_env_file": str(tmp_path / ".env")}

    with pytest.raises(InputError, match="There is no POSTGRES_PASSWORD in"):
        credentials.find(params)
    with pytest.raises(InputError, match="There is no file"):
        credentials.find({**params, "login_env_file": str(tmp_path / "absent")})
