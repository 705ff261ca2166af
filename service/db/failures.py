"""The meaning of a database's failure for people."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, OperationalError, StatementError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from service.errors import Conflict, LiaisonError


@dataclass(frozen=True, slots=True)
class Trouble:
    """A known failure of database or disk: a ``title``, what people read (``told``), what operators read (``advice``).

    ``retry_after`` (seconds): it is likely to be over by then.
    """

    title: str
    told: str
    advice: str
    retry_after: int = 5


_UNAVAILABLE = "系统暂时不可用"


def _plain(text: str) -> Trouble:
    return Trouble(_UNAVAILABLE, text, text)


SWITCHING = Trouble(
    "正在切换数据库",
    "正在切换数据库，请几秒后重试。如果刚才提交了内容，请先核对是否已经保存。",
    "与数据库的连接断开，或数据库正在切换、暂时只读。请几秒后重试；如一直如此，请检查数据库服务是否已启动、"
    "database_url 指向的是否为可写的主库。",
)
BUSY = Trouble(
    "系统正忙",
    "同一内容正由他人办理，或系统正忙，没有写入任何内容。请稍后重试。",
    "数据库正被其他程序占用，没有写入任何内容。请稍后重试；如一直如此，请检查是否有未结束的程序。",
)
SLOW = Trouble(
    "系统正忙",
    "数据库没有在规定的时间内完成，没有写入任何内容。请稍后重试，或缩小查询的范围。",
    "数据库没有在规定的时间内完成，没有写入任何内容。请稍后重试；如经常如此，请检查数据库的负载和 timeouts 设置。",
)
_FULL = _plain("磁盘空间已满，没有写入任何内容。请清理磁盘后重试。")
_READ_ONLY = _plain("数据库是只读的，没有写入任何内容。请检查数据库文件及其所在目录的写权限。")
_UNREACHABLE = Trouble(
    SWITCHING.title,
    SWITCHING.told,
    "无法打开或连接数据库。请检查 database_url 设置、数据库文件的权限，或数据库服务是否已启动。",
)
_BROKEN = _plain("数据库文件已损坏或不是数据库。请用最近的备份恢复（liaison restore）。")

_SQLITE = {
    "SQLITE_FULL": _FULL,
    "SQLITE_BUSY": BUSY,
    "SQLITE_LOCKED": BUSY,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_CANTOPEN": _UNREACHABLE,
    "SQLITE_IOERR": _FULL,  # a full file system that refuses the write-ahead log shows so
    "SQLITE_CORRUPT": _BROKEN,
    "SQLITE_NOTADB": _BROKEN,
}
_POSTGRESQL = {
    "53100": _FULL,
    "53300": BUSY,  # too many connections
    "55P03": BUSY,  # lock not available in time
    "40P01": BUSY,  # deadlock
    "40001": BUSY,  # serialization failure
    "57014": SLOW,  # statement timeout
    "25P03": SLOW,  # idle in transaction
    "25P04": SLOW,  # transaction timeout
}
_LOST = frozenset({"25006", "57P01", "57P02", "57P03", "57P04", "57P05"})
"""A standby that cannot write; a server that shuts down, has crashed, starts up, has lost the database."""
_UNKEEPABLE = frozenset({"22003", "22021", "22P05"})
"""Numeric value out of range; a sequence that is no character of the encoding, or an untranslatable one."""
UNKEEPABLE = "提交的内容或地址里有无法保存的字符或超出范围的数值，请删去或改正后重试"
BEYOND_HEAD = (
    "这条记录的日志在最后一条之后另有条目：数据库被人绕过系统改动过。没有写入，刷新也不能解决。"
    "请不要继续办理，由审计人员到“核验”页核验，并按《审计人员指南》第三节处置"
)
_PLACES = frozenset({"uq_history_event_stream_seq", "pk_history_event"})
_CONNECTION_EXCEPTIONS = "08"
_BEYOND_CALENDAR = re.compile("(date|timestamp) too (large|small)")


def trouble(error: BaseException) -> Trouble | None:
    """The known facts about ``error`` if it is a failure of database or disk that is nobody's mistake, else None.

    Known: locked, slow, switching or lost, read-only, full, unreachable, broken. Nothing was written when one of these
    is met, but for a connection lost at the very commit.
    """
    if isinstance(error, OSError):
        return {errno.ENOSPC: _FULL, errno.EDQUOT: _FULL, errno.EROFS: _READ_ONLY}.get(error.errno or 0)
    if isinstance(error, NoConnectionFree):
        return BUSY
    if not isinstance(error, DBAPIError):
        return None
    original = error.orig
    name = getattr(original, "sqlite_errorname", None)
    if name is not None:
        # Extended names (SQLITE_READONLY_DIRECTORY, SQLITE_IOERR_WRITE) begin with the plain one.
        return next((known for plain, known in _SQLITE.items() if str(name).startswith(plain)), None)
    if is_of_a_lost_server(original) or error.connection_invalidated:
        return _POSTGRESQL.get(_state(original), SWITCHING)
    if _state(original):
        return _POSTGRESQL.get(_state(original))
    return _UNREACHABLE if isinstance(error, OperationalError | InterfaceError) else None


def is_unkeepable(error: BaseException) -> bool:
    """Whether a value is such as no column takes: the character NUL, a broken sequence, a number beyond the column.

    The sender made the mistake, and nothing is wrong with the database.
    """
    if not isinstance(error, DataError):
        return False
    state = _state(error.orig)
    return state in _UNKEEPABLE or (not state and "NUL" in str(error.orig))  # the driver itself refuses a NUL


def is_beyond_head(error: BaseException) -> bool:
    """Whether an entry was in its journal's next place already, or had the journal's next number: heads are locked by
    whoever writes, so that nobody but a hand at the database can have put it there."""
    if not isinstance(error, IntegrityError):
        return False
    name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    places = ("history_event.stream, history_event.seq", "history_event.id")
    return name in _PLACES or any(str(error.orig).endswith(one) for one in places)


def is_unreadable(error: BaseException) -> bool:
    """Whether a driver met what is no value: a text whose bytes are not UTF-8 (SQLite), a day or a moment beyond the
    calendar (PostgreSQL's ``infinity``). Somebody wrote it past the service."""
    if isinstance(error, DataError):
        return not _state(error.orig) and _BEYOND_CALENDAR.match(str(error.orig)) is not None
    return isinstance(error, OperationalError) and "decode to UTF-8" in str(error.orig)


def explain(error: BaseException) -> str | None:
    """A Chinese sentence for operators with the way out if ``error`` is a known one (``trouble``), else None."""
    found = trouble(error)
    return found.advice if found is not None else None


def is_of_a_lost_server(original: Any) -> bool:
    """Whether the driver's error says that this server will not serve its connections any more."""
    state = _state(original)
    return state in _LOST or state.startswith(_CONNECTION_EXCEPTIONS)


def _state(original: Any) -> str:
    return getattr(original, "sqlstate", None) or ""


def told(error: BaseException) -> str:
    """The error for an incident that people see: in our words, or that the log has it; nobody reads Python."""
    if isinstance(error, LiaisonError):
        return error.message
    return BEYOND_HEAD if is_beyond_head(error) else explain(error) or "程序出错，详情见技术日志"


def describe(error: BaseException) -> str:
    """The error in a line, for a log; never the values of a statement: they are personal data."""
    if isinstance(error, LiaisonError):
        return error.message
    text = str(error.orig if isinstance(error, StatementError) else error).strip()
    return f"{type(error).__name__}：{text.splitlines()[0]}" if text else type(error).__name__


@contextmanager
def conflicts(message: str) -> Iterator[None]:
    """Within the block a broken constraint is a ``Conflict`` with ``message``; the transaction is lost either way."""
    try:
        yield
    except IntegrityError as error:
        raise Conflict(message) from error
