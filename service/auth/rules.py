"""What sign-in names and passwords must look like, and how long failures lock. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import datetime, timedelta

from service.people.checks import Checks
from service.spelling import half_width

USERNAME = re.compile(r"[a-z][a-z0-9._-]{1,31}")
RESERVED = frozenset({"system", "command-line", "anonymous"})
SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 200

ATTEMPTS = 5
FIRST_LOCK, LONGEST_LOCK = timedelta(minutes=1), timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)

WRONG = "用户名或密码不正确"
DISABLED = "该账号已停用，请联系系统管理员"


def normal_name(username: str) -> str:
    """A sign-in name as it is stored: without blanks around it, half-width, lower case."""
    return half_width(username).lower()


def lock_key(username: str) -> str:
    """Under what key the failures of a name are counted, account or not."""
    return hashlib.sha256(normal_name(username).encode(errors="surrogatepass")).hexdigest()


def check_username(checks: Checks, username: str) -> None:
    """Refuses a name that no account may have."""
    if not USERNAME.fullmatch(username):
        checks.refuse("/username", "用户名须以小写字母开头，只含小写字母、数字、“.”“_”和“-”，长 2 至 32 个字符")
    elif username in RESERVED:
        checks.refuse("/username", "该用户名由系统保留，请改用别的用户名")


def check_password(checks: Checks, password: str, username: str) -> None:
    """Refuses a password that is too short, too long, all one sign, or the name itself."""
    if len(password) < SHORTEST_PASSWORD:
        checks.refuse("/password", f"密码至少 {SHORTEST_PASSWORD} 个字符")
    elif len(password) > LONGEST_PASSWORD:
        checks.refuse("/password", f"密码最多 {LONGEST_PASSWORD} 个字符")
    elif any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in password):
        checks.refuse("/password", "密码不能含有控制字符")
    elif len(set(password)) == 1 or password.lower() in {username, username * 2}:
        checks.refuse("/password", "密码过于简单，不能与用户名相同，也不能由同一个字符组成")


def lock_after(failures: int, attempts: int = ATTEMPTS, longest: timedelta = LONGEST_LOCK) -> timedelta:
    """How long a name is locked after that many failures in a row.

    Nothing before the ``attempts``-th, then one minute, doubled with each further failure up to ``longest``.
    """
    beyond = failures - attempts
    return timedelta(0) if beyond < 0 else min(FIRST_LOCK * (1 << min(beyond, 10)), longest)


def locked_message(until: datetime, now: datetime) -> str:
    """What a person in a lock is told: how long it still lasts."""
    seconds = max(1, int((until - now).total_seconds()))
    left = f"{seconds} 秒" if seconds < 60 else f"{-(-seconds // 60)} 分钟"
    return f"连续登录失败次数过多，请在 {left}后再试；忘记密码请联系系统管理员"
