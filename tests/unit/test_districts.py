"""The folders of districts: their names, variables, and what two of them may not share."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.config import DEVELOPMENT_SECRET
from service.config.districts import ENVIRONMENT, find_district, find_districts, host_of, known, plain_host
from service.errors import Invalid
from tests.factories.districts import SECRET, district, host


def two(folder: Path, **west: str) -> None:
    district(folder, "east", "sqlite:///var/own.db")
    district(folder, "west", "sqlite:///var/own.db", **west)


def test_a_relative_place_is_within_the_districts_own_folder(tmp_path: Path) -> None:
    two(tmp_path)
    found = known(tmp_path, {}).settings
    assert list(found) == ["east", "west"]
    assert found["east"][1].database_url == f"sqlite:///{tmp_path / 'east' / 'var' / 'own.db'}"
    assert found["west"][1].data_dir == tmp_path / "west" / "var"


def test_variables_of_the_process_hold_for_all_with_the_name_in_its_place(tmp_path: Path) -> None:
    two(tmp_path, LIAISON_CONTACT_PHONE="1234567")
    environ = {"LIAISON_FILES_PLACE": "s3://files/{district}", "LIAISON_CONTACT_PHONE": "7654321", "HOME": "/"}
    found = known(
        tmp_path, {**environ, "LIAISON_DISTRICTS": "x", "LIAISON_CONFIG": "x", "LIAISON_BIND": "x:1"}
    ).settings
    assert [one.files.place for _, one in found.values()] == ["s3://files/east", "s3://files/west"]
    assert [one.contact.phone for _, one in found.values()] == ["7654321", "1234567"]


def test_each_has_a_secret_of_its_own_made_from_that_of_the_process(tmp_path: Path) -> None:
    two(tmp_path)
    made = [one.secret_key for _, one in known(tmp_path, {"LIAISON_SECRET_KEY": SECRET}).settings.values()]
    assert len({*made, SECRET}) == 3
    assert all(len(one) == 64 for one in made)
    assert made == [one.secret_key for _, one in known(tmp_path, {"LIAISON_SECRET_KEY": SECRET}).settings.values()]
    given = {"LIAISON_SECRET_KEY": DEVELOPMENT_SECRET}  # production must go on refusing it
    assert {one.secret_key for _, one in known(tmp_path, given).settings.values()} == {DEVELOPMENT_SECRET}


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("public_url", f"https://{host('east').upper()}:8443/x", "主机名"),
        ("database_url", "sqlite:///../east/var/own.db", "数据库"),
        ("data_dir", "../east/var", "数据目录"),
        ("files.place", "../east/var/files", "附件存放处"),
        ("seal.key_file", "../east/var/seal.key", "封存密钥"),
        ("second_factor.key_file", "../east/var/second-factor.key", "动态口令密钥"),
    ],
)
def test_two_that_share_what_must_be_ones_own_are_refused_with_both_names(
    tmp_path: Path, setting: str, value: str, words: str
) -> None:
    two(tmp_path, **{f"LIAISON_{setting.replace('.', '_').upper()}": value})
    with pytest.raises(Invalid) as refused:
        known(tmp_path, {})
    assert setting in [one.path for one in refused.value.findings]
    [said] = [one.message for one in refused.value.findings if one.path == setting]
    assert said.startswith(f"区 east、区 west 的{words}相同")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("postgresql://a:x@db/liaison", "postgresql+psycopg://b:y@db/liaison?target_session_attrs=any", True),
        ("postgresql://a@db/liaison", "postgresql://a@db/liaison_west", False),
        ("postgresql://a@/liaison?host=p,q&port=1,2", "postgresql://b@/liaison?port=1,2&host=p,q", True),
        ("postgresql://a@/liaison?host=p,q", "postgresql://a@/liaison?host=p,r", True),
        ("postgresql://a@/liaison?host=p,q", "postgresql://a@/liaison?host=q,p", True),
        ("postgresql://a@/liaison?host=p&host=q", "postgresql://a@q/liaison", True),
        ("postgresql://a@/liaison?host=p:1&host=q:2", "postgresql://a@q:1/liaison", False),
        ("postgresql://a@localhost/liaison", "postgresql://a@LOCALHOST:5432/liaison", True),
        ("postgresql://a@localhost/liaison", "postgresql://a@127.0.0.1/liaison", True),
        ("postgresql://a@localhost/liaison", "postgresql://a@/liaison", True),
        ("postgresql://a@localhost/liaison", "postgresql://a@localhost:5433/liaison", False),
        ("postgresql://a@db./li%61ison", "postgresql://a@DB/liaison", True),
        ("postgresql://liaison@db", "postgresql://b@db/liaison", True),
        ("postgresql://a@db/liaison?options=-csearch_path%3Deast", "postgresql://a@db/liaison", False),
    ],
)
def test_a_database_is_the_same_whoever_asks_it(tmp_path: Path, one: str, other: str, *, same: bool) -> None:
    district(tmp_path, "east", one)
    district(tmp_path, "west", other)
    if not same:
        assert len(known(tmp_path, {}).settings) == 2
        return
    with pytest.raises(Invalid, match="的数据库相同"):
        known(tmp_path, {})


DATABASE = "postgresql://a@db/liaison_{district}"


@pytest.mark.parametrize(
    ("aside", "said"),
    [
        ("postgresql://a@standby/liaison", "和 database_url 的数据库名不同"),
        ("postgresql://a@standby/liaison_west", "和 database_url 的数据库名不同"),
    ],
)
def test_what_is_read_aside_is_called_like_what_is_written(tmp_path: Path, aside: str, said: str) -> None:
    two(tmp_path)
    for name in ("east", "west"):
        (tmp_path / name / ENVIRONMENT).write_text(f"LIAISON_PUBLIC_URL=http://{host(name)}\n")
    environ = {"LIAISON_DATABASE_URL": DATABASE, "LIAISON_READ_URL": aside}
    found = known(tmp_path, environ)
    assert "east" not in found.settings
    assert said in found.faults["east"]
    assert "read_url" in found.faults["east"]
    with_names = {**environ, "LIAISON_READ_URL": "postgresql://a@standby/liaison_{district}"}
    assert list(known(tmp_path, with_names).settings) == ["east", "west"]


@pytest.mark.parametrize("aside", ["standby", "one", "standby:5432"])
def test_nobody_reads_aside_what_is_anothers(tmp_path: Path, aside: str) -> None:
    read = "postgresql://b@standby/liaison"
    district(tmp_path, "east", "postgresql://a@one/liaison", LIAISON_READ_URL=read)
    district(tmp_path, "west", "postgresql://a@two/liaison", LIAISON_READ_URL=f"postgresql://b@{aside}/liaison")
    with pytest.raises(Invalid) as refused:
        known(tmp_path, {})
    [said] = refused.value.findings
    assert said.path == "read_url"
    assert all(name in said.message for name in ("区 east", "区 west"))


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("LIAISON_PUBLIC_URL", "https://[x"),
        ("LIAISON_DATABASE_URL", "postgresql://a@db:port/liaison"),
        ("LIAISON_READ_URL", "postgresql://a@db:port/liaison"),
    ],
)
def test_an_address_that_cannot_be_taken_apart_is_its_districts_fault(tmp_path: Path, setting: str, value: str) -> None:
    district(tmp_path, "east", "postgresql://a@db/liaison", **{setting: value})
    district(tmp_path, "west", "sqlite:///var/own.db")
    found = known(tmp_path, {})
    assert list(found.settings) == ["west"]
    assert setting.removeprefix("LIAISON_").lower() in found.faults["east"]


def test_a_file_that_nobody_can_read_is_its_districts_fault(tmp_path: Path) -> None:
    two(tmp_path)
    (tmp_path / "east" / "config" / "settings.toml").unlink()
    (tmp_path / "east" / "config" / "settings.toml").mkdir()
    found = known(tmp_path, {})
    assert list(found.settings) == ["west"]
    assert "区 east" in found.faults["east"]


def test_bad_settings_of_one_leave_the_others_alone(tmp_path: Path) -> None:
    two(tmp_path)
    (tmp_path / "east" / ENVIRONMENT).write_text("LIAISON_PUBLIC_URL=http://e\nLIAISON_SESSION_HOURS=no\n")
    district(tmp_path, "north", "sqlite:///var/own.db", LIAISON_PUBLIC_URL="")
    (tmp_path / "south").mkdir()
    found = known(tmp_path, {})
    assert list(found.settings) == ["west"]
    assert "LIAISON_SESSION_HOURS" in found.faults["east"]
    assert "public_url" in found.faults["north"]
    assert "settings.toml" in found.faults["south"]
    assert all(said.startswith(f"区 {name}") for name, said in found.faults.items())


@pytest.mark.parametrize("line", ["PATH=/tmp", "LIAISON_X", "export LIAISON_X=1", "LIAISON_BIND=0.0.0.0:1"])
def test_a_line_that_is_no_variable_is_named_with_its_number(tmp_path: Path, line: str) -> None:
    home = district(tmp_path, "east", "sqlite:///var/own.db")
    (home / ENVIRONMENT).write_text(f"# own\n\n{line}\n", encoding="utf-8")
    assert "environment 第 3 行" in known(tmp_path, {}).faults["east"]


def test_quotes_around_a_value_are_taken_off(tmp_path: Path) -> None:
    home = district(tmp_path, "east", "sqlite:///var/own.db")
    (home / ENVIRONMENT).write_text('LIAISON_PUBLIC_URL = "http://e.example"\n; a note\n', encoding="utf-8")
    assert find_district(tmp_path, "east", {}).variables() == {"LIAISON_PUBLIC_URL": "http://e.example"}


@pytest.mark.parametrize("name", ["East", "east_1", "-east", "e" * 33, "东区"])
def test_a_name_that_is_no_part_of_an_address_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(Invalid) as refused:
        find_districts(tmp_path, {})
    assert name in refused.value.findings[0].path


def test_what_is_hidden_or_a_file_is_no_district(tmp_path: Path) -> None:
    (tmp_path / ".east").mkdir()
    (tmp_path / "README").touch()
    assert find_districts(tmp_path, {}) == []
    with pytest.raises(Invalid, match="没有各区的目录"):
        find_districts(tmp_path / "nowhere", {})
    with pytest.raises(Invalid, match="没有区 east"):
        find_district(tmp_path, "east", {})


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("East.Example.gov.cn:8443", "east.example.gov.cn"),
        ("east.example.gov.cn.", "east.example.gov.cn"),
        ("[::1]:8000", "::1"),
        ("直联.example", "xn--o0yy3r.example"),
        ("a" * 70 + ".直联", ""),
        ("", ""),
    ],
)
def test_a_host_is_the_same_in_whatever_form_it_is_asked_for(header: str, name: str) -> None:
    assert plain_host(header) == name
    assert host_of("") == ""
    assert host_of("https://East.example:1/x") == "east.example"
