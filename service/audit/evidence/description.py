"""The description of a package as archives read it: metadata after DA/T 46, the four tests of DA/T 70."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from service import clock
from service.audit.evidence import verifier
from service.audit.evidence.telling import WORDS
from service.history import HistoryEvent
from service.processes.models import Instance
from service.seals import Seal

_CLOSED = tuple(name.encode("utf-16-le") for name in ("_VBA_PROJECT", "EncryptedPackage"))
"""Names in the directory of an OLE file of macros, and of an encrypted one."""
_FETCHES_NOTHING = b"default-src 'none'"
"""The policy in the head of a page by which a browser asks for nothing outside it."""


@dataclass(frozen=True, slots=True)
class Words:
    """The names behind the codes of a case: who began it, what its process is called, and of each entry of the journal
    who acted, as they were called then."""

    initiator: str
    process: str
    actors: Sequence[str]


def metadata(
    instance: Instance, words: Words, events: Sequence[HistoryEvent], files: Mapping[str, bytes], seal: Seal | None
) -> bytes:
    """``metadata.xml``: the record, its files, its business entries, its signature."""
    root = Element("电子文件元数据", {"标准": "DA/T 46", "封装": "DA/T 48"})
    _put(root, "聚合层次", "件")
    _put(root, "电子文件号", instance.number or str(instance.id))
    _put(root, "题名", instance.title)
    _put(root, "日期", f"{clock.local(instance.started_at):%Y-%m-%d}")
    if instance.ended_at is not None:
        _put(root, "办结日期", f"{clock.local(instance.ended_at):%Y-%m-%d}")
    _put(root, "责任者", words.initiator)
    _put(root, "文种", words.process)
    for path in sorted(files):
        one = SubElement(root, "文件")
        _put(one, "计算机文件名", path)
        _put(one, "计算机文件大小", str(len(files[path])))
        _put(one, "格式", path.rpartition(".")[2])
        _put(one, "SHA-256", verifier.sha256(files[path]))
    for event, actor in zip(events, words.actors, strict=True):
        one = SubElement(root, "业务实体")
        _put(one, "序号", str(event.seq))
        _put(one, "业务行为", WORDS[event.kind].word if event.kind in WORDS else "其他记录")
        _put(one, "行为时间", event.at.isoformat())
        _put(one, "机构人员", actor)
    if seal is not None:
        one = SubElement(root, "电子签名")
        _put(one, "签名规则", "Ed25519，对封存内容签名；记录由哈希树（RFC 9162，SHA-256）纳入封存")
        _put(one, "签名时间", seal.made_at.isoformat())
        _put(one, "签名结果", seal.signature)
        _put(one, "证书", seal.key_id)
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def report(
    events: Sequence[HistoryEvent],
    uncovered: Sequence[int],
    files: Mapping[str, bytes],
    seal: Seal | None,
    made_of: Sequence[str],
) -> dict[str, Any]:
    """The four tests, each item with its result as of the export; ``verify.py`` makes those of the digests again.

    ``made_of`` are the digests of the definitions and calendars that the journal counted with.
    """
    chained = all(
        verifier.event_hash(_said(event)) == event.hash
        and event.prev_hash == (events[number - 1].hash if number else verifier.FIRST)
        for number, event in enumerate(events)
    )
    sealed = seal is not None and not uncovered
    return {
        "依据": "DA/T 70",
        "真实性": [_item("每条记录与其哈希相符，前后衔接", chained), _item("全部记录在签名的封存之内", sealed)],
        "完整性": [
            _item("记录序号连续", [event.seq for event in events] == list(range(1, len(events) + 1))),
            _item("当时的流程图、表单、工作日历齐全，与摘要相符", _all_there(files, made_of)),
            _item("附件与日志里的摘要一致", _files_fit(events, files)),
        ],
        "可用性": [
            _item("记录为通用的文本格式（JSON），打印件为 PDF", _readable(files)),
            _item("打印件齐全", not any(path.startswith("papers/") and path.endswith(".txt") for path in files)),
            _item("可离线回放（index.html）", "index.html" in files),
        ],
        "安全性": [
            _item("清单列出每个文件的 SHA-256 和 SM3", verifier.sm3(b"") is not None),
            _item("附件没有加密、没有宏", not any(_closed(path, files[path]) for path in files)),
            _item("网页不访问网络", _FETCHES_NOTHING in files.get("index.html", b"").partition(b"<body")[0]),
        ],
    }


def _all_there(files: Mapping[str, bytes], made_of: Sequence[str]) -> bool:
    have = verifier.definitions_in(files) | verifier.calendars_in(files)
    return all(have.get(digest) == digest for digest in made_of)


def _readable(files: Mapping[str, bytes]) -> bool:
    try:
        for line in files["journal.jsonl"].decode().splitlines():
            json.loads(line)
    except ValueError:
        return False
    papers = [content for path, content in files.items() if path.startswith("papers/") and path.endswith(".pdf")]
    return all(content.startswith(b"%PDF-") for content in papers)


def _closed(path: str, content: bytes) -> bool:
    """True of an attached file that is encrypted or holds macros; packed ones with macros the upload refuses."""
    if not path.startswith("files/"):
        return False
    if content.startswith(b"%PDF-"):
        return b"/Encrypt" in content
    return not content.startswith(b"PK") and any(mark in content for mark in _CLOSED)


def _files_fit(events: Sequence[HistoryEvent], files: Mapping[str, bytes]) -> bool:
    have = {verifier.sha256(content) for path, content in files.items() if path.startswith("files/")}
    told = {str(event.data.get("sha256")) for event in events if event.kind == "file_attached"}
    return have == told


def _item(name: str, result: bool) -> dict[str, Any]:
    return {"检测项": name, "结果": "通过" if result else "不通过"}


def _said(event: HistoryEvent) -> dict[str, Any]:
    found = {name: getattr(event, name) for name in verifier.SEALED}
    return found | {"at": event.at.isoformat(timespec="microseconds")}


def _put(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = "".join(sign for sign in text if sign >= " " or sign in "\t\n")
