"""The names for the stages of a process: as its diagram says, else as the office's settings do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.errors import Finding, Invalid
from service.processes.bundles import compiled
from service.processes.definitions import newest_versions
from service.processes.models import Definition
from service.processes.wiring import wiring


class StageNames:
    """The names of stages by process and code. A version is read at most once, and only when it is asked for."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._named: dict[tuple[str, str], str] = {}

    @cached_property
    def _common(self) -> Mapping[str, str]:
        """The names of stages in the settings."""
        return wiring(self._session).stages

    def of(self, process: str, code: str | None) -> str:
        """The name, empty for no stage. The newest version that names the code says it: a running case of an older one
        may stand in a stage that a newer one has no more."""
        if not code:
            return ""
        if (process, code) not in self._named:
            self._named[process, code] = self._look(process, code)
        return self._named[process, code]

    def require(self, process: str | None, code: str) -> None:
        """Raises ``Invalid``, at ``stage``, where neither a version of the process nor the settings know the code."""
        if not (self.of(process, code) if process else self.every().get(code)):
            names = self.newest(process) if process else self.every()
            known = "、".join(f"{one}（{name}）" for one, name in names.items())
            said = f"没有这个环节；可用：{known}" if known else "没有这个环节"
            raise Invalid(said, [Finding("/stage", said)])

    def newest(self, process: str) -> Mapping[str, str]:
        """Code → name of the stages of the newest version, in their order; nothing for an unknown process."""
        last = newest_versions(self._session).get(process)
        if last is None:
            return {}
        made = compiled(self._session, last.digest, process)
        return {code: name or self._common.get(code, code) for code, name in made.stage_names.items()}

    def every(self) -> Mapping[str, str]:
        """Code → name of the stages of all processes: those of the settings first. Where two processes name one code
        differently, both names."""
        named: dict[str, list[str]] = {code: [name] for code, name in self._common.items()}
        for process in newest_versions(self._session):
            for code, name in self.newest(process).items():
                if name not in named.setdefault(code, []):
                    named[code].append(name)
        return {code: "、".join(names) for code, names in named.items()}

    def _look(self, process: str, code: str) -> str:
        for digest in self._digests(process):
            names = compiled(self._session, digest, process).stage_names
            if name := names.get(code):
                return name
            if code in names and code in self._common:
                break  # a version from before diagrams named their stages
        return self._common.get(code, "")

    def _digests(self, process: str) -> Iterator[str]:
        """Those of the versions of the process, the newest first; the earlier ones are read when it is not enough."""
        last = newest_versions(self._session).get(process)
        if last is not None:
            yield last.digest
            earlier = select(Definition.digest).where(Definition.key == process, Definition.version < last.version)
            yield from self._session.scalars(earlier.order_by(Definition.version.desc())).all()
