"""The names that files of a draft may have, and how large they may be."""

from __future__ import annotations

import re
from collections.abc import Mapping

from service.checks.bundle import MAX_JSON_BYTES, fits_bundle
from service.errors import Finding, Invalid
from service.studio.fields import MOST_BYTES, MOST_FILE_BYTES, MOST_FILES

SCENARIOS = "scenarios/"
MOST_SCENARIO_BYTES = 100_000
MOST_SCENARIOS = 100
_SCENARIO = re.compile(r"scenarios/[\w-]{1,60}\.ya?ml")


def bundle_of(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files that run and are deployed: all but the scenarios."""
    return {name: content for name, content in files.items() if not name.startswith(SCENARIOS)}


def scenarios_of(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The scenarios among the files."""
    return {name: content for name, content in sorted(files.items()) if name.startswith(SCENARIOS)}


def require_name(name: str) -> None:
    """Raises Invalid for a name that no file of a process has."""
    if not fits_bundle(name) and not _SCENARIO.fullmatch(name):
        shown = "".join(char if char.isprintable() else "?" for char in name)[:120]
        message = (
            "文件名不合规定：应为 bpmn/名称.bpmn、bpmn/名称.dmn、forms/名称.json、forms/名称.ui.json、"
            "scenarios/名称.yaml 或 forms/、print/ 下的打印模板"
        )
        raise Invalid(f"不能保存文件 {shown}", [Finding(shown, message)])


def require_file(name: str, content: bytes) -> None:
    """Raises Invalid for a bad name, or a content that is too large for its kind."""
    require_name(name)
    limit = MOST_FILE_BYTES
    if name.startswith(SCENARIOS):
        limit = MOST_SCENARIO_BYTES
    elif name.endswith(".json"):
        limit = MAX_JSON_BYTES
    if len(content) > limit:
        message = f"文件有 {len(content)} 字节，超过上限 {limit} 字节，请精简"
        raise Invalid(f"不能保存文件 {name}", [Finding(name, message)])


def require_whole(sizes: Mapping[str, int]) -> None:
    """Raises Invalid where a draft of files with these sizes (bytes) holds too much."""
    if len(sizes) > MOST_FILES:
        message = f"文件有 {len(sizes)} 个，超过上限 {MOST_FILES} 个"
        raise Invalid(message, [Finding("/files", f"{message}，请删去不用的文件")])
    if sum(sizes.values()) > MOST_BYTES:
        message = f"文件合计超过上限 {MOST_BYTES} 字节"
        raise Invalid(message, [Finding("/files", f"{message}，请精简")])
    if sum(name.startswith(SCENARIOS) for name in sizes) > MOST_SCENARIOS:
        message = f"用例超过上限 {MOST_SCENARIOS} 个"
        raise Invalid(message, [Finding("/files", f"{message}，请删去不用的用例")])
