"""Codes of the second factor: one-time passwords by time (TOTP, RFC 6238), recovery codes, and the key over both.

The key lies in a file outside the database: whoever has the database alone learns no secret, tries no recovery code,
and cannot give one account the secret of another, for each is bound to its name.
"""

from __future__ import annotations

import hmac
import os
import stat
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from secrets import choice, token_bytes
from tempfile import mkstemp

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service.errors import Incident
from service.history import LATE_BY
from service.spelling import half_width

STEP_SECONDS, DRIFT = 30, 1
"""A code holds for so long; those of so many steps before and after count too, for clocks that differ."""
AHEAD = LATE_BY // timedelta(seconds=STEP_SECONDS)
"""Steps by which a code may be of a time to come: the journal lets a clock stand that far back."""
RECOVERY_CODES = 10
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
_KEY_BYTES, _NONCE_BYTES = 32, 12


@dataclass(frozen=True, slots=True)
class Vault:
    """The key over the second factors, 32 bytes."""

    key: bytes = field(repr=False)

    def seal(self, username: str, secret: str) -> str:
        """``secret`` encrypted (AES-256-GCM) for that account alone, in Base64."""
        nonce = token_bytes(_NONCE_BYTES)
        return b64encode(nonce + AESGCM(self.key).encrypt(nonce, secret.encode(), username.encode())).decode()

    def open(self, username: str, sealed: str) -> str:
        """The secret; raises ``Incident`` where it was encrypted under another key or for another account."""
        raw = b64decode(sealed)
        try:
            return AESGCM(self.key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], username.encode()).decode()
        except InvalidTag as error:
            raise Incident(
                "二次验证的密钥文件不是登记时的那一个，无法核对验证码。请系统管理员放回原来的密钥文件，"
                "或运行 liaison user reset-second-factor 后重新登记"
            ) from error

    def digest(self, username: str, code: str) -> str:
        """The keyed digest (HMAC-SHA256, hex) of a recovery code."""
        return hmac.new(self.key, f"{username}\n{code}".encode(errors="surrogatepass"), sha256).hexdigest()


def open_vault(file: Path) -> Vault:
    """The key in ``file``, made where there is none. Raises ``Incident`` where others may read it, or it is no key."""
    if not file.exists():
        _make(file)
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise Incident(f"密钥文件 {file} 的权限太宽，请运行 chmod 600 {file}")
    key = file.read_bytes()
    if len(key) != _KEY_BYTES:
        raise Incident(f"{file} 不是二次验证的密钥文件，或已损坏。请从另存的副本恢复")
    return Vault(key)


def _make(file: Path) -> None:
    """A new key, whole on the disk when it gets its name; of two processes at once the first one's stays."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, beside = mkstemp(dir=file.parent, prefix=file.name)
    try:
        with os.fdopen(descriptor, "wb") as into:
            into.write(token_bytes(_KEY_BYTES))
            into.flush()
            os.fsync(into.fileno())
        try:
            os.link(beside, file)
        except FileExistsError:
            return
    finally:
        Path(beside).unlink()


def new_secret() -> str:
    """A secret of 160 bits, in Base32 as telephones take it."""
    return str(pyotp.random_base32())


def address_of(secret: str, username: str, issuer: str) -> str:
    """The ``otpauth://`` address that the QR code shows."""
    return str(pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=issuer))


def step_of(secret: str, code: str, now: datetime, after: int = -1) -> int | None:
    """The step of 30 seconds whose code this is, near ``now`` and later than ``after``; None for a wrong code.

    ``after`` counts unless it is yet to come: a clock that went wrong took that code, and is right again.
    """
    typed, made = normal_code(code), pyotp.TOTP(secret)
    present = int(now.timestamp()) // STEP_SECONDS
    after = after if after <= present + AHEAD else -1
    found = None
    for step in range(present - DRIFT, present + DRIFT + 1):
        if hmac.compare_digest(made.generate_otp(step).encode(), typed.encode()) and step > after:
            found = step
    return found


def new_recovery_codes() -> list[str]:
    """Ten codes of ten letters and digits that are not mistaken for each other, 49 bits each."""
    return ["".join(choice(_LETTERS) for _ in range(10)) for _ in range(RECOVERY_CODES)]


def grouped(code: str) -> str:
    """A recovery code as people read it: xxxxx-xxxxx."""
    return f"{code[:5]}-{code[5:]}"


def normal_code(code: str) -> str:
    """The letters and digits of a typed code, half-width, in lower case."""
    return "".join(sign for sign in half_width(code).lower() if sign.isalnum())


def left_of(digests: Sequence[str], vault: Vault, username: str, code: str) -> list[str] | None:
    """The digests that are left when ``code`` is used up; None where it is no recovery code of the account."""
    typed = vault.digest(username, normal_code(code))
    left = [one for one in digests if not hmac.compare_digest(one, typed)]
    return left if len(left) < len(digests) else None
