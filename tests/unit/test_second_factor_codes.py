"""Codes of the second factor, the key over them, and the settings of who may hold what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest

from service.auth.codes import (
    RECOVERY_CODES,
    Vault,
    address_of,
    grouped,
    left_of,
    new_recovery_codes,
    new_secret,
    open_vault,
    step_of,
)
from service.auth.password_rules import check_password, classes_of, described
from service.config.accounts import read_accounts, read_second_factor
from service.config.reader import Table
from service.config.trust import Passwords
from service.errors import Incident, Invalid
from service.fields import Checks

NOW = datetime(2026, 9, 16, 1, 0, tzinfo=UTC)


def test_the_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B: of the secret 12345678901234567890, SHA-1, the last six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        assert step_of(secret, code, datetime.fromtimestamp(seconds, UTC)) == seconds // 30


def test_a_code_counts_for_a_step_around_the_present_and_once() -> None:
    secret = new_secret()
    code, step = pyotp.TOTP(secret).at(NOW), int(NOW.timestamp()) // 30
    for seconds, found in ((-31, None), (-30, step), (0, step), (59, step), (60, None)):
        assert step_of(secret, code, NOW + timedelta(seconds=seconds)) == found, seconds
    assert step_of(secret, code, NOW, after=step) is None
    assert step_of(secret, code, NOW, after=step + 20) is None
    assert step_of(secret, code, NOW, after=step + 21) == step  # taken while the clock was fast
    assert step_of(secret, "１２ " + code, NOW) is None
    assert step_of(secret, f" {code[:3]}　{code[3:]} ", NOW) == step
    assert f"secret={secret}" in address_of(secret, "office", "直联平台")


def test_what_is_sealed_opens_for_that_account_and_key_alone(tmp_path: Path) -> None:
    vault = open_vault(tmp_path / "keys" / "a.key")
    assert open_vault(tmp_path / "keys" / "a.key") == vault
    assert (tmp_path / "keys" / "a.key").stat().st_mode & 0o777 == 0o600
    sealed = vault.seal("office", "SECRET")
    assert "SECRET" not in sealed
    assert vault.seal("office", "SECRET") != sealed
    assert vault.open("office", sealed) == "SECRET"
    for other, name in ((vault, "admin"), (Vault(bytes(32)), "office")):
        with pytest.raises(Incident, match="密钥文件"):
            other.open(name, sealed)


def test_a_key_file_that_others_read_or_that_is_none_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.key"
    open_vault(file)
    file.chmod(0o640)
    with pytest.raises(Incident, match="chmod 600"):
        open_vault(file)
    file.chmod(0o600)
    file.write_bytes(b"short")
    with pytest.raises(Incident, match="已损坏"):
        open_vault(file)


def test_recovery_codes_are_ten_and_used_up_one_by_one() -> None:
    vault, codes = Vault(bytes(32)), new_recovery_codes()
    assert len(set(codes)) == RECOVERY_CODES
    digests = [vault.digest("office", code) for code in codes]
    left = left_of(digests, vault, "office", f" {grouped(codes[3]).upper()} ")
    assert left == digests[:3] + digests[4:]
    assert left_of(left, vault, "office", codes[3]) is None
    assert left_of(digests, vault, "admin", codes[0]) is None


def test_a_password_needs_as_many_classes_as_the_settings_say() -> None:
    assert classes_of("荷塘Aa1-é") == {"汉字", "大写字母", "小写字母", "数字", "符号"}
    for password, classes, good in (
        ("brisk-otter-lamp", 3, False),
        ("brisk-otter-7lamp", 3, True),
        ("清晨的海风吹过长堤", 1, True),
    ):
        checks = Checks()
        check_password(checks, password, (), Passwords(classes=classes))
        if good:
            checks.done()
        else:
            with pytest.raises(Invalid, match="至少 3 类"):
                checks.done()
    checks = Checks()
    check_password(checks, "brisk-otter-7", (), Passwords(shortest=14))
    with pytest.raises(Invalid, match="至少 14 个字符"):
        checks.done()
    assert "3 类" in described(Passwords())
    assert "类" not in described(Passwords(classes=1))


def test_separation_brings_two_people_with_it(tmp_path: Path) -> None:
    findings: list[object] = []
    both = read_accounts(Table({"separate_administrators": True, "grants_by_two": False}, "accounts", findings))
    assert (both.separate, both.by_two, both.one_session) == (True, True, False)
    plain = read_accounts(Table({}, "accounts", findings))
    assert (plain.separate, plain.by_two, plain.proposal_lifetime) == (False, False, timedelta(days=7))
    factor = read_second_factor(
        Table({"required_for": ["admin"], "key_file": "keys/f.key"}, "second_factor", findings),
        home=tmp_path,
        data_dir=tmp_path / "var",
    )
    assert (factor.roles, factor.key_file) == ({"admin"}, tmp_path / "keys/f.key")
    assert findings == []
    read_second_factor(Table({"issuer": "a:b"}, "second_factor", findings), home=tmp_path, data_dir=tmp_path)
    assert "冒号" in str(findings)
