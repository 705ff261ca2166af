"""Folders of processes on the disk, as commands name them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from service.cli.setup import organization
from service.errors import NotFound
from service.processes.bundles import read_bundle
from service.processes.options import frozen

PATHS = click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True), metavar="PATH…")


@dataclass(frozen=True, slots=True)
class Folder:
    """A process on the disk: ``bpmn/<key>`` with its forms in ``forms/<key>`` beside ``bpmn``."""

    bpmn: Path

    @property
    def key(self) -> str:
        """The id of the process that an instance starts with."""
        return self.bpmn.resolve().name

    @property
    def forms(self) -> Path:
        """Where its forms lie."""
        return self.bpmn / ".." / ".." / "forms" / self.key

    def files(self) -> Mapping[str, bytes]:
        """Its bundle, with the choices that its forms take from the settings."""
        return frozen(read_bundle(self.bpmn, self.forms), organization().lists)

    def scenarios(self) -> list[Path]:
        """The files of its scenarios, ``scenarios/*.yaml``, by name."""
        return sorted(self.bpmn.glob("scenarios/*.yaml"))

    def path_of(self, name: str) -> Path:
        """Where the bundle's file ``name`` lies, as people would type it."""
        kind, _, file = name.partition("/")
        if kind == "print":
            return Path(self._shown_forms) / kind / file
        return self.bpmn / file if kind == "bpmn" else Path(self._shown_forms) / file

    @property
    def _shown_forms(self) -> str:
        parent = self.bpmn.parent.parent if self.bpmn.is_absolute() or len(self.bpmn.parts) > 1 else Path("..")
        return str(parent / "forms" / self.key)


def folders_of(paths: Iterable[Path]) -> list[Folder]:
    """The process folders that ``paths`` name, each once. Raises NotFound where there is no diagram."""
    found: dict[Path, Folder] = {}
    for path in paths:
        top = path if path.is_dir() else path.parent
        inside = [top] if any(top.glob("*.bpmn")) else sorted(one.parent for one in top.glob("*/*.bpmn"))
        if not inside:
            raise NotFound(f"{path} 中没有流程图（.bpmn）")
        found |= {folder.resolve(): Folder(folder) for folder in inside}
    return list(found.values())
