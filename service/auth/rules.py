"""Rules for sign-in names and passwords, and how long failures lock. Pure."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta

from service.fields import Checks
from service.spelling import half_width

USERNAME = re.compile(r"[a-z][a-z0-9._-]{1,31}")
RESERVED = frozenset({"system", "command-line", "anonymous"})
LONGEST_PASSWORD = 200

ATTEMPTS = 5
FIRST_LOCK, LONGEST_LOCK = timedelta(minutes=1), timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)
CLOCKS_DIFFER = timedelta(minutes=10)
"""By how much the clocks of two machines may differ: what lies further ahead was noted by one that was wrong."""
REMEMBERED = timedelta(days=90)
"""For how long a browser or an address at which a name has signed in is one of its usual places."""
NAME_SHARE, ADDRESS_SHARE = 10, 20
"""How many times as often as one name at one place a name may fail at unusual places altogether, and an address with
whichever names; what is beyond that waits, but never at a usual place."""

WRONG = "用户名或密码不正确"
DISABLED = "该账号已停用，请联系系统管理员"


def normal_name(username: str) -> str:
    """A sign-in name as it is stored: without blanks around it, half-width, lower case."""
    return half_width(username).lower()


def lock_key(*parts: str) -> str:
    """Under what key failures are counted: of a name, account or not, at a place; of a name; of an address."""
    return hashlib.sha256("\n".join(parts).encode(errors="surrogatepass")).hexdigest()


def check_username(checks: Checks, username: str) -> None:
    """Refuses a name that no account may have."""
    if not USERNAME.fullmatch(username):
        checks.refuse("/username", "用户名须以小写字母开头，只含小写字母、数字、“.”“_”和“-”，长 2 至 32 个字符")
    elif username in RESERVED:
        checks.refuse("/username", "该用户名由系统保留，请改用别的用户名")


def lock_after(failures: int, attempts: int = ATTEMPTS, longest: timedelta = LONGEST_LOCK) -> timedelta:
    """How long a name is locked at a place after that many failures in a row.

    Nothing before the ``attempts``-th, then one minute, doubled with each further failure up to ``longest``.
    """
    beyond = failures - attempts
    return timedelta(0) if beyond < 0 else min(FIRST_LOCK * (1 << min(beyond, 10)), longest)


def locked_message(until: datetime, now: datetime) -> str:
    """The message for a person in a lock: how long it still lasts."""
    seconds = max(1, int((until - now).total_seconds()))
    left = f"{seconds} 秒" if seconds < 60 else f"{-(-seconds // 60)} 分钟"
    return f"登录失败次数过多，请在 {left}后再试；忘记密码请联系系统管理员"
