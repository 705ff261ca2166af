"""Where the bytes of files stand, under their SHA-256: a folder, or a bucket of an object store.

The same bytes stand there once, however many records have them. Nothing is ever written over.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, MutableMapping
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from sqlalchemy.orm import Session

from service.config.files import Files
from service.errors import Incident

KEY = "files"
TRIES = 2
"""Attempts at an object store that does not answer: a person waits."""
LOST = "附件的内容不在存放处，或已损坏，请告知系统管理员：用备份恢复后再试"
UNREACHABLE = "附件存放处暂时连不上，请稍后再试；仍不成功时请告知系统管理员"


class Store(Protocol):
    """Bytes by their SHA-256. All raise ``Incident`` where the place cannot be reached."""

    def put(self, content: bytes) -> str:
        """Keeps ``content`` and gives its SHA-256; it is there for good when this returns."""

    def read(self, digest: str) -> bytes:
        """The bytes; raises ``Incident`` where they are not there, or are others."""

    def holds(self, digest: str) -> bool:
        """Whether bytes of that name are there."""

    def state(self, digest: str) -> str:
        """A text about them that becomes another whenever they are written; '' where they are not there."""

    def drop(self, digest: str, before: datetime) -> bool:
        """Forgets them, unless they were put (again) at ``before`` or later; whether they are gone by that."""

    def listed(self) -> Iterator[tuple[str, datetime]]:
        """(SHA-256, moment of writing) of all that is there."""

    def probe(self) -> None:
        """Writes a few bytes, reads them and takes them away. Raises ``Incident`` where one of these fails."""


def store_of(session: Session) -> Store:
    """The store of this session's database, which ``service.usecases.wire`` has set."""
    found: Store = session.info[KEY]
    return found


def chosen(files: Files) -> Store:
    """The store that the settings name."""
    return Bucket(files) if files.place.startswith("s3://") else Folder(Path(files.place))


def _checked(digest: str, content: bytes) -> bytes:
    if sha256(content).hexdigest() != digest:
        raise Incident(LOST)
    return content


def _is_digest(name: str) -> bool:
    return len(name) == 64 and all(one in "0123456789abcdef" for one in name)


class Folder:
    """A folder, in which files stand in 256 folders by the first two letters of their SHA-256."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def _path(self, digest: str) -> Path:
        return self._root / digest[:2] / digest

    def put(self, content: bytes) -> str:
        """As ``Store``. The bytes are on the disk before they have their name, so that no half a file ever has it."""
        digest = sha256(content).hexdigest()
        path = self._path(digest)
        try:
            if _put_again(path, len(content)):
                return digest
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, partial = tempfile.mkstemp(dir=path.parent, prefix=".")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                Path(partial).replace(path)
            finally:
                Path(partial).unlink(missing_ok=True)
            _settle(path.parent)
        except OSError as error:
            raise Incident(f"附件无法写入存放处（{error.strerror}），没有保存，请告知系统管理员") from error
        return digest

    def read(self, digest: str) -> bytes:
        """As ``Store``."""
        try:
            return _checked(digest, self._path(digest).read_bytes())
        except OSError as error:
            raise Incident(LOST) from error

    def holds(self, digest: str) -> bool:
        """As ``Store``."""
        return self._path(digest).is_file()

    def state(self, digest: str) -> str:
        """As ``Store``: the moment of the last change of the file's entry too, which no program sets."""
        try:
            found = self._path(digest).stat()
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise Incident(UNREACHABLE) from error
        return f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"

    def drop(self, digest: str, before: datetime) -> bool:
        """As ``Store``. It loses its name first: whoever puts it meanwhile either made it young, or writes it anew."""
        path = self._path(digest)
        aside = path.with_name(f".{digest}")
        try:
            path.replace(aside)
        except FileNotFoundError:
            return False
        if datetime.fromtimestamp(aside.stat().st_mtime, UTC) >= before:
            aside.replace(path)
            return False
        aside.unlink()
        return True

    def listed(self) -> Iterator[tuple[str, datetime]]:
        """As ``Store``."""
        for path in sorted(self._root.glob("??/*")):
            if _is_digest(path.name):
                yield path.name, datetime.fromtimestamp(path.stat().st_mtime, UTC)

    def probe(self) -> None:
        """As ``Store``."""
        try:
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryFile(dir=self._root, prefix=".") as file:
                file.write(b"liaison")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise Incident(f"附件存放处不能写入（{error.strerror}）") from error


def _put_again(path: Path, size: int) -> bool:
    """Whether the whole file is there; it counts as written now, so that the sweep leaves it alone."""
    try:
        if path.stat().st_size != size:
            return False
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _settle(folder: Path) -> None:
    """A new name is on the disk as well, on systems that can say so."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Bucket:
    """A bucket (``s3://``), through fsspec, which is asked for only where the settings name one.

    No object store tells "take it away unless somebody has just written it again" in one step. So what is dropped is
    first set aside, where it can still be read, and is gone when it is dropped once more: whoever put it again while it
    was set aside has named it by then.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._root = files.place.removeprefix("s3://").rstrip("/")

    @cached_property
    def _system(self) -> Any:
        try:
            import s3fs  # type: ignore[import-untyped]  # the library ships no types
        except ImportError as error:
            raise Incident("附件存放处设为 s3://，但没有安装 s3fs，请安装：pip install 'talent-liaison[s3]'") from error
        files = self._files
        more: MutableMapping[str, Any] = {"config_kwargs": {"connect_timeout": 5, "read_timeout": 30}}
        if files.endpoint:
            more["endpoint_url"] = files.endpoint
        if files.region:
            more["client_kwargs"] = {"region_name": files.region}
        made = s3fs.S3FileSystem(
            key=files.key or None,
            secret=files.secret or None,
            use_listings_cache=False,
            skip_instance_cache=True,
            **more,
        )
        made.retries = TRIES
        return made

    def _path(self, digest: str) -> str:
        return f"{self._root}/{digest[:2]}/{digest}"

    def _aside(self, digest: str) -> str:
        return f"{self._root}/aside/{digest}"

    def _do(self, what: str, *arguments: Any, **more: Any) -> Any:
        """One operation of the file system; what is not there is a ``FileNotFoundError``."""
        try:
            return getattr(self._system, what)(*arguments, **more)
        except FileNotFoundError:
            raise
        except Exception as error:  # whatever the client of the outside world raises
            if isinstance(error, Incident):
                raise
            raise Incident(UNREACHABLE) from error

    def put(self, content: bytes) -> str:
        """As ``Store``; written again where it is there already, so that the sweep sees it as new."""
        digest = sha256(content).hexdigest()
        try:
            self._do("pipe_file", self._path(digest), content)
        except FileNotFoundError as error:
            raise Incident(UNREACHABLE) from error
        return digest

    def read(self, digest: str) -> bytes:
        """As ``Store``."""
        for path in (self._path(digest), self._aside(digest)):
            try:
                return _checked(digest, self._do("cat_file", path))
            except FileNotFoundError:
                continue
        raise Incident(LOST)

    def holds(self, digest: str) -> bool:
        """As ``Store``."""
        return any(self._do("exists", path) for path in (self._path(digest), self._aside(digest)))

    def state(self, digest: str) -> str:
        """As ``Store``."""
        for path in (self._path(digest), self._aside(digest)):
            try:
                found = self._do("info", path)
            except FileNotFoundError:
                continue
            return f"{path} {found.get('ETag')} {found.get('size')} {found.get('LastModified')}"
        return ""

    def drop(self, digest: str, before: datetime) -> bool:
        """As ``Store``: the first time they are set aside, and the moment of that is the one of their writing."""
        path, aside = self._path(digest), self._aside(digest)
        if (written := self._written(path)) is not None:
            if written < before:
                self._do("cp_file", path, aside)
                self._do("rm_file", path)
            return False
        if (written := self._written(aside)) is None or written >= before:
            return False
        self._do("rm_file", aside)
        return True

    def _written(self, path: str) -> datetime | None:
        try:
            found: datetime = self._do("info", path)["LastModified"]
        except FileNotFoundError:
            return None
        return found

    def listed(self) -> Iterator[tuple[str, datetime]]:
        """As ``Store``."""
        try:
            found = self._do("find", self._root, detail=True)
        except FileNotFoundError:
            return
        for path, said in sorted(found.items()):
            name = path.rpartition("/")[2]
            if _is_digest(name):
                yield name, said["LastModified"]

    def probe(self) -> None:
        """As ``Store``."""
        path, content = f"{self._root}/probe-{uuid4()}", b"liaison"
        try:
            self._do("pipe_file", path, content)
            read = self._do("cat_file", path)
            self._do("rm_file", path)
        except FileNotFoundError as error:
            raise Incident(UNREACHABLE) from error
        if read != content:
            raise Incident(UNREACHABLE)
