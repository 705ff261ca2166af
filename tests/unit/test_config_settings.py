"""Settings stop the start with their names when they are wrong, and hold what the service may rely on."""

import shutil
from collections.abc import Mapping
from dataclasses import FrozenInstanceError
from datetime import time, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.config import DEVELOPMENT_SECRET, Settings, load
from service.errors import Invalid

CONFIG = Path(__file__).parents[2] / "config"
SECRET = "k" * 32
PRODUCTION = {"LIAISON_ENV": "production", "LIAISON_SECRET_KEY": SECRET, "LIAISON_DEMO": "false"}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """An empty project's config directory."""
    path = tmp_path / "config"
    path.mkdir()
    (path / "settings.toml").touch()
    return path


def read(directory: Path, text: str = "", environ: Mapping[str, str] | None = None) -> Settings:
    (directory / "settings.toml").write_text(text, encoding="utf-8")
    return load(directory, environ or {})


def refused(directory: Path, text: str = "", environ: Mapping[str, str] | None = None) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        read(directory, text, environ)
    for finding in caught.value.findings:
        assert finding.path in str(caught.value)
    return {finding.path: finding.message for finding in caught.value.findings}


def test_the_shipped_settings_are_right_for_development() -> None:
    shipped = load(CONFIG, {})
    assert shipped.env == "development"
    assert shipped.demo
    assert shipped.secret_key == DEVELOPMENT_SECRET
    assert shipped.request_number(2026, 1) == "2026-需-0001"
    assert (shipped.office_opens, shipped.office_closes) == (time(9), time(17, 30))
    assert not shipped.group_opinion_required
    assert not shipped.oidc.enabled
    assert not shipped.mail.enabled


def test_the_shipped_file_changes_no_default_but_demo(directory: Path) -> None:
    shutil.copy(CONFIG / "settings.toml", directory / "settings.toml")
    shipped = load(directory, {"LIAISON_DEMO": "false"})
    assert shipped == read(directory)


def test_the_shipped_file_marks_assumptions_as_such() -> None:
    text = (CONFIG / "settings.toml").read_text(encoding="utf-8")
    for setting in ("session_hours", "office_opens", "number_format", "group_opinion_required"):
        above = text[: text.index(f"\n{setting}")].rpartition("\n\n")[2]
        assert "本系统默认，非文件规定" in above, setting


def test_relative_paths_start_at_the_project(directory: Path) -> None:
    home = directory.parent
    loaded = read(directory, 'data_dir = "data"\ndatabase_url = "sqlite:///data/x.db"')
    assert loaded.data_dir == home / "data"
    assert loaded.database_url == f"sqlite:///{home}/data/x.db"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:////srv/x.db", "sqlite:////srv/x.db"),
        ("sqlite://", "sqlite://"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql://u@h/d", "postgresql+psycopg://u@h/d"),
        ("postgresql+psycopg:///d?host=/run", "postgresql+psycopg:///d?host=/run"),
    ],
)
def test_database_urls(directory: Path, url: str, expected: str) -> None:
    assert read(directory, environ={"LIAISON_DATABASE_URL": url}).database_url == expected


def test_the_environment_overrides_every_kind_of_setting(directory: Path) -> None:
    environ = {
        "LIAISON_BIND": "0.0.0.0:80",
        "LIAISON_SESSION_HOURS": "2",
        "LIAISON_MAIL_STARTTLS": "是",
        "LIAISON_MAIL_APPRISE_URLS": "json://a, json://b",
        "LIAISON_PROCESS_GROUP_OPINION_REQUIRED": "true",
        "LIAISON_RATE_LIMITS_API_PER_MINUTE": "7",
        "LIAISON_OFFICE_OPENS": "08:30",
        "PATH": "/bin",
    }
    loaded = read(directory, "session_hours = 5\n[mail]\nport = 587", environ)
    assert loaded.bind == "0.0.0.0:80"
    assert loaded.sessions.longest == timedelta(hours=2)
    assert loaded.mail.starttls
    assert loaded.mail.port == 587
    assert loaded.mail.apprise_urls == ("json://a", "json://b")
    assert loaded.group_opinion_required
    assert loaded.rate_limits.api_per_minute == 7
    assert loaded.office_opens == time(8, 30)


@pytest.mark.parametrize("value", ["admin,auditor", "admin， auditor", '["admin", "auditor"]'])
def test_a_list_in_the_environment_may_be_written_as_in_the_file(directory: Path, value: str) -> None:
    loaded = read(directory, environ={"LIAISON_SECOND_FACTOR_REQUIRED_FOR": value})
    assert loaded.second_factor.roles == {"admin", "auditor"}


@pytest.mark.parametrize("variable", ["LIAISON_CONFIG", "LIAISON_TEST_POSTGRES"])
def test_variables_of_the_entry_points_are_no_settings(directory: Path, variable: str) -> None:
    assert read(directory, environ={variable: "x"}) == read(directory)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("LIAISON_COLOUR", "red", "没有这个设置项"),
        ("LIAISON_MAIL_COLOUR", "red", "没有这个设置项"),
        ("LIAISON_DEMO", "maybe", "true"),
        ("LIAISON_SESSION_HOURS", "ten", "整数"),
        ("LIAISON_SESSION_HOURS", "9" * 5000, "整数"),
        ("LIAISON_SECRET_KEY", "", "不能为空"),
        ("LIAISON_ENV", "staging", "development、production"),
        ("LIAISON_LOG_LEVEL", "loud", "debug"),
        ("LIAISON_SECOND_FACTOR_REQUIRED_FOR", '["admin"', "英文逗号"),
        ("LIAISON_SECOND_FACTOR_REQUIRED_FOR", "[1]", "英文逗号"),
    ],
)
def test_a_bad_variable_is_named(directory: Path, variable: str, value: str, message: str) -> None:
    assert message in refused(directory, environ={variable: value})[variable]


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("bnid = 'x:1'", "bnid", "是否想写 bind"),
        ("bind = 8000", "bind", "应为文字"),
        ("bind = 'localhost'", "bind", "主机:端口"),
        ("bind = 'localhost:70000'", "bind", "65535"),
        ("database_url = 'mysql://x'", "database_url", "sqlite"),
        ("demo = 'true'", "demo", "true"),
        ("session_hours = 0", "session_hours", "1 到 168"),
        ("session_hours = true", "session_hours", "整数"),
        ("session_hours = 1.5", "session_hours", "整数"),
        ("office_opens = '9点'", "office_opens", "09:00"),
        ("office_opens = '18:00'", "office_closes", "应晚于"),
        ("public_url = 'liaison.example'", "public_url", "https://"),
        ("oidc = 3", "oidc", "应为一张表"),
        ("[oidc]\nenabled = true", "oidc.issuer", "必须填写"),
        ("[oidc]\nscopes = ['openid', 3]", "oidc.scopes", "列表"),
        ("[mail]\nenabled = true", "mail.host", "必须填写"),
        ("[mail]\nsender = 'nobody'", "mail.sender", "名称@域名"),
        ("[contact]\nphone = 'ring me'", "contact.phone", "只写数字"),
        ("[rate_limits]\nsign_in_attempts = 0", "rate_limits.sign_in_attempts", "1 到 1000"),
        ("[process]\ngroup_opinion_required = 'no'", "process.group_opinion_required", "true"),
        ("[process]\n'Bad Name' = 1", "process.Bad Name", "小写字母"),
        ("[process]\nlist = [1]", "process.list", "数字或文字"),
        ('secret_key = "a\\u0000b"', "secret_key", "一行"),
        ("data_dir = '" + "x" * 501 + "'", "data_dir", "不超过 500 字"),
    ],
)
def test_a_bad_setting_is_named_with_the_way_out(directory: Path, text: str, path: str, message: str) -> None:
    assert message in refused(directory, text)[path]


@pytest.mark.parametrize(
    "text",
    [
        "需-0001",
        "{year}",
        "{year}-{seq}-{seq}",
        "{year}-{seq:04d}-{unit}",
        "{year.__class__}-{seq}",
        "{year!r}-{seq}",
        "{year:>99999999}-{seq}",
        "{year}-{seq:099999d}",
        "{year}-{seq",
        "{}-{}",
        "{year}-{seq:{year}}",
    ],
)
def test_a_number_format_that_could_fail_or_read_more_is_refused(directory: Path, text: str) -> None:
    for name in ("number_format", "circular_format"):
        assert "{year} 和 {seq}" in refused(directory, f"{name} = '{text}'")[name]


@pytest.mark.parametrize(
    ("text", "number"), [("{year}年第{seq}号", "2026年第12号"), ("需{seq:03d}/{year}", "需012/2026")]
)
def test_an_office_may_shape_its_numbers(directory: Path, text: str, number: str) -> None:
    assert read(directory, f"number_format = '{text}'").request_number(2026, 12) == number
    assert read(directory, f"circular_format = '{text}'").circular_number(2026, 12) == number
    assert read(directory, "").circular_number(2026, 3) == "通报〔2026〕3号"


def test_all_mistakes_are_shown_at_once(directory: Path) -> None:
    assert len(refused(directory, "demo = 1\nbind = 2\nx = 3\n[mail]\ny = 4")) == 4


def test_production_wants_a_secret_of_its_own_and_no_demonstration(directory: Path) -> None:
    found = refused(directory, "demo = true", {"LIAISON_ENV": "production"})
    assert "LIAISON_SECRET_KEY" in found["secret_key"]
    assert "演示账号" in found["demo"]
    assert read(directory, "demo = true", PRODUCTION).is_production


def test_production_refuses_a_short_secret(directory: Path) -> None:
    found = refused(directory, environ={**PRODUCTION, "LIAISON_SECRET_KEY": "short"})
    assert "至少 32 个字符" in found["LIAISON_SECRET_KEY"]


def test_production_refuses_sign_in_over_plain_http(directory: Path) -> None:
    text = "[oidc]\nenabled = true\nissuer = 'http://id.example'\nclient_id = 'a'\nclient_secret = 'b'"
    assert read(directory, text).oidc.enabled
    assert "https" in refused(directory, text, PRODUCTION)["oidc.issuer"]


def test_no_secret_is_shown_when_settings_are_printed(directory: Path) -> None:
    text = "[oidc]\nclient_secret = 'hush'\n[mail]\npassword = 'hush'\napprise_urls = ['json://hush']"
    loaded = read(directory, text, {"LIAISON_SECRET_KEY": "hush", "LIAISON_DATABASE_URL": "postgresql://u:hush@h/d"})
    assert "hush" not in repr(loaded)


def test_settings_cannot_be_changed(directory: Path) -> None:
    loaded = read(directory)
    with pytest.raises(FrozenInstanceError):
        loaded.demo = True  # type: ignore[misc]  # the point of the test
    with pytest.raises(TypeError):
        loaded.process["x"] = 1  # type: ignore[index]  # the point of the test


def test_the_office_may_add_values_for_its_diagrams(directory: Path) -> None:
    process = read(directory, "[process]\nlimit = 3\nname = '甲'\n").process
    assert dict(process) == {"group_opinion_required": False, "limit": 3, "name": "甲"}


@pytest.mark.parametrize(("content", "message"), [(b"\xff", "UTF-8"), (b"a = ", "TOML"), (b"a = 1\na = 2", "TOML")])
def test_a_file_that_is_not_toml_is_named(directory: Path, content: bytes, message: str) -> None:
    (directory / "settings.toml").write_bytes(content)
    with pytest.raises(Invalid, match=message):
        load(directory, {})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"settings\.toml.*文件不存在"):
        load(tmp_path, {})


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(
            ["BIND", "DEMO", "SESSION_HOURS", "NUMBER_FORMAT", "OIDC", "OIDC_SCOPES", "MAIL_", "PROCESS_X", "ENV"]
        ),
        st.text(max_size=12),
        max_size=4,
    )
)
def test_any_environment_is_taken_or_refused_by_name(directory: Path, values: dict[str, str]) -> None:
    environ = {f"LIAISON_{name}": value for name, value in values.items()}
    try:
        loaded = load(directory, environ)
    except Invalid as error:
        named = {finding.path for finding in error.findings}
    else:
        named = set()
        assert loaded.request_number(2026, 1)
    assert all(path in environ or "." in path or path in ("secret_key", "demo") for path in named)
