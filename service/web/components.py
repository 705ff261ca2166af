"""The shipped work of others, and its licences: read from the installed packages, never written down."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

PRODUCT = "talent-liaison"
BUNDLED = Path(__file__).parent / "static" / "dist" / "licences.json"
SERVICE, PAGES, TYPE = "service", "pages", "type"
PARTS = {SERVICE: "服务", PAGES: "网页", TYPE: "打印字体"}

# The word of older metadata -> the name of the licence in the list of SPDX.
NAMES = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "Dual License": "Apache-2.0 OR BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "lGPLv3": "LGPL-3.0-only",
}
_NAME = re.compile(r"[A-Za-z0-9.-]+( (OR|AND|WITH) [A-Za-z0-9.-]+)*")
_TEXT = re.compile(r"(^|/)(licen[cs]e|copying|notice)[^/]*$", re.IGNORECASE)

# Licences that ask for more than to be named and handed on with the software.
CONDITIONS = {
    "LGPL-2.1-only": "未作修改，以独立软件包安装，使用单位可以自行替换；仅用于生成可编辑的文档。",
    "LGPL-3.0-only": "未作修改，以独立软件包安装，使用单位可以自行替换；修改该软件包本身时，须公开修改后的源代码。",
    "MPL-2.0": "未作修改；修改该软件包的文件时，须公开修改后的这些文件。",
    "LicenseRef-bpmn.io": "类似 MIT 许可，另须在流程图上保留可见的“BPMN.iO”标志。",
    "OFL-1.1": "字体随文档使用不受限制，不得单独出售。",
}


@dataclass(frozen=True, slots=True)
class Component:
    """``licence`` is an expression of SPDX; ``text`` what the component says of it, empty where it says nothing."""

    part: str
    name: str
    version: str
    licence: str
    text: str

    @property
    def condition(self) -> str:
        """The demand of its licence beyond being named; empty for a permissive one."""
        return CONDITIONS.get(self.licence, "")


@cache
def components() -> tuple[Component, ...]:
    """Everything that runs in the service or is sent to browsers, by part and name."""
    return (*sorted(_installed(), key=lambda one: one.name.lower()), *_bundled())


def _bundled() -> Iterator[Component]:
    """The packages in the bundles; nothing where they have not been built."""
    if not BUNDLED.exists():
        return
    for one in json.loads(BUNDLED.read_text(encoding="utf-8")):
        part = TYPE if one["name"].startswith("@expo-google-fonts/") else PAGES
        yield Component(part, one["name"], one["version"], one["licence"], one["text"])


def _installed() -> Iterator[Component]:
    """The packages of Python that the service needs, and those that these need."""
    seen = {PRODUCT}
    open_ = [*_needs(distribution(PRODUCT), ())]
    while open_:
        wanted = open_.pop()
        try:
            found = distribution(wanted.name)
        except PackageNotFoundError:  # not for this machine
            continue
        key = _plain(wanted.name)
        if key in seen:
            continue
        seen.add(key)
        open_.extend(_needs(found, wanted.extras))
        yield Component(SERVICE, found.metadata["Name"], found.version, _licence(found), _texts(found))


def _needs(package: Distribution, extras: Iterable[str]) -> Iterator[Requirement]:
    for line in package.requires or []:
        wanted = Requirement(line)
        marker = wanted.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield wanted


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _licence(package: Distribution) -> str:
    said = package.metadata
    classified = [one.rsplit(" :: ", 1)[-1] for one in said.get_all("Classifier") or [] if one.startswith("License ::")]
    named = [said[field] for field in ("License-Expression", "License") if field in said]
    for name in (*named, *classified):
        known: str = NAMES.get(name, name)
        if _NAME.fullmatch(known):
            return known
    return ""


def _texts(package: Distribution) -> str:
    files = [one for one in package.files or [] if _TEXT.search(str(one)) and ".dist-info" in str(one)]
    return "\n\n".join(one.read_text(encoding="utf-8").strip() for one in files)
