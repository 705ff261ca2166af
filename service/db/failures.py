"""What a database's failure means to people."""

from __future__ import annotations

import errno

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, StatementError

from service.errors import LiaisonError

_FULL = "磁盘空间已满，没有写入任何内容。请清理磁盘后重试。"
_LOCKED = "数据库正被其他程序占用，没有写入任何内容。请稍后重试；如一直如此，请检查是否有未结束的程序。"
_READ_ONLY = "数据库是只读的，没有写入任何内容。请检查数据库文件及其所在目录的写权限。"
_UNREACHABLE = "无法打开或连接数据库。请检查 database_url 设置、数据库文件的权限，或数据库服务是否已启动。"
_BROKEN = "数据库文件已损坏或不是数据库。请用最近的备份恢复（liaison restore）。"

_SQLITE = {
    "SQLITE_FULL": _FULL,
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_CANTOPEN": _UNREACHABLE,
    "SQLITE_IOERR": _FULL,  # a full file system that refuses the write-ahead log shows so
    "SQLITE_CORRUPT": _BROKEN,
    "SQLITE_NOTADB": _BROKEN,
}
_POSTGRESQL = {
    "53100": _FULL,
    "55P03": _LOCKED,
    "40P01": _LOCKED,
    "25006": _READ_ONLY,
}


def explain(error: BaseException) -> str | None:
    """A Chinese sentence with the way out if ``error`` is a known failure of database or disk, else None.

    Known: locked, read-only, full, unreachable, broken. Nothing was written when one of these is met.
    """
    if isinstance(error, OSError):
        return {errno.ENOSPC: _FULL, errno.EDQUOT: _FULL, errno.EROFS: _READ_ONLY}.get(error.errno or 0)
    if not isinstance(error, DBAPIError):
        return None
    original = error.orig
    name = getattr(original, "sqlite_errorname", None)
    if name is not None:
        # Extended names (SQLITE_READONLY_DIRECTORY, SQLITE_IOERR_WRITE) begin with the plain one.
        return next((text for known, text in _SQLITE.items() if str(name).startswith(known)), None)
    state = getattr(original, "sqlstate", None)
    if state is not None:
        return _POSTGRESQL.get(state)
    return _UNREACHABLE if isinstance(error, OperationalError | InterfaceError) else None


def describe(error: BaseException) -> str:
    """What went wrong in a line, for an incident or a log; never the values of a statement: they are personal data."""
    if isinstance(error, LiaisonError):
        return error.message
    text = str(error.orig if isinstance(error, StatementError) else error).strip()
    return f"{type(error).__name__}：{text.splitlines()[0]}" if text else type(error).__name__
