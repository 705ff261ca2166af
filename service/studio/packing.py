"""A draft as a zip of the folders ``bpmn/<process>`` and ``forms/<process>``, and back."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath

from service.errors import Finding, Invalid
from service.studio.fields import MOST_BYTES, MOST_FILE_BYTES, MOST_FILES
from service.studio.names import require_file

LARGEST_ZIP = MOST_BYTES
_EPOCH = (1980, 1, 1, 0, 0, 0)
_IGNORED = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
_ENCRYPTED = 0x1


def packed(process: str, files: Mapping[str, bytes]) -> bytes:
    """The zip of a process's files; the same files always give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted((path_of(process, name), content) for name, content in files.items()):
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def unpacked(content: bytes) -> tuple[str, dict[str, bytes]]:
    """The process and the files of a zip. Raises Invalid naming each entry that does not belong there.

    Nothing is written to a disk, no link is followed, and no more is unfolded than a draft may hold.
    """
    if len(content) > LARGEST_ZIP:
        raise _refused("-", f"压缩包超过上限 {LARGEST_ZIP} 字节")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise _refused("-", "不是有效的 zip 压缩包，请重新导出或压缩") from error


def path_of(process: str, name: str) -> str:
    """The path of a draft's file in the folders of its process."""
    folder, _, plain = name.partition("/")
    return {
        "bpmn": f"bpmn/{process}/{plain}",
        "scenarios": f"bpmn/{process}/scenarios/{plain}",
        "forms": f"forms/{process}/{plain}",
        "print": f"forms/{process}/print/{plain}",
    }[folder]


def _read(archive: zipfile.ZipFile) -> tuple[str, dict[str, bytes]]:
    entries = [one for one in archive.infolist() if not one.is_dir() and not _ignored(one.filename)]
    if len(entries) > MOST_FILES:
        raise _refused("-", f"压缩包里有 {len(entries)} 个文件，超过上限 {MOST_FILES} 个")
    findings = [Finding(_shown(one.filename), fault) for one in entries if (fault := _fault(one))]
    if findings:
        raise Invalid("压缩包不能导入，没有改动任何内容", findings)
    paths = _below(entries)
    processes = {path.parts[1] for path in paths.values() if len(path.parts) > 2}
    if len(processes) != 1:
        raise _refused("-", "压缩包里应是一个流程：bpmn/流程代码/ 和 forms/流程代码/ 两个文件夹，代码相同")
    [process] = processes
    files: dict[str, bytes] = {}
    left = MOST_BYTES
    for entry in entries:
        name = _name_of(paths[entry.filename], process)
        if name is None:
            raise _refused(_shown(entry.filename), "不在 bpmn/流程代码/ 或 forms/流程代码/ 里，请删去")
        if name in files:
            raise _refused(_shown(entry.filename), "同一个文件有两份")
        with archive.open(entry) as opened:
            data = opened.read(min(left, MOST_FILE_BYTES) + 1)  # whatever the directory of the zip says
        if len(data) > min(left, MOST_FILE_BYTES):
            raise _refused(_shown(entry.filename), "解开后超过上限，请精简")
        left -= len(data)
        require_file(name, data)
        files[name] = data
    return process, files


def _fault(entry: zipfile.ZipInfo) -> str | None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return "是链接或特殊文件，只能是普通文件"
    if entry.flag_bits & _ENCRYPTED:
        return "加了密码，请不加密码压缩"
    if entry.file_size > MOST_FILE_BYTES:
        return f"有 {entry.file_size} 字节，超过上限 {MOST_FILE_BYTES} 字节"
    path = PurePosixPath(entry.filename)
    parts = path.parts
    if path.is_absolute() or ".." in parts or "\\" in entry.orig_filename or ":" in entry.filename:
        return "文件名里有不允许的路径"
    return None


def _below(entries: list[zipfile.ZipInfo]) -> dict[str, PurePosixPath]:
    """Paths below the folder that all have in common, where somebody packed the folder around them."""
    paths = {one.filename: PurePosixPath(one.filename) for one in entries}
    tops = {path.parts[0] for path in paths.values() if path.parts}
    if len(tops) == 1 and not tops & {"bpmn", "forms"}:
        return {name: PurePosixPath(*path.parts[1:]) for name, path in paths.items()}
    return paths


def _name_of(path: PurePosixPath, process: str) -> str | None:
    folders = {
        ("bpmn", process): "bpmn",
        ("bpmn", process, "scenarios"): "scenarios",
        ("forms", process): "forms",
        ("forms", process, "print"): "print",
    }
    folder = folders.get(path.parts[:-1])
    return f"{folder}/{path.name}" if folder is not None else None


def _ignored(name: str) -> bool:
    return any(part in name for part in _IGNORED)


def _shown(name: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in name)[:120]


def _refused(where: str, message: str) -> Invalid:
    return Invalid("压缩包不能导入，没有改动任何内容", [Finding(where, message)])
