"""The data of the house's templates in a made-up case: the checks render a process's own version of them on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SIGN = {"name": "张三", "on_behalf_of": None, "on": "2026年3月2日"}
NO_STAMPS = {"seal": "", "signature": ""}
"""The pictures of seals and signatures of a paper that bears none: kind → the name of a file beside the templates."""

_ENTRY = {
    "heading": "区教育局（主办）",
    "facts": ["收到：2026年3月2日"],
    "text": "已办理。",
    "after": [],
    "sign": _SIGN,
    "seq": 1,
    "stamps": NO_STAMPS,
}

SAMPLES: Mapping[str, Mapping[str, Any]] = {
    "sheet": {
        "number": "2026-需-0001",
        "filed": {"unit": "区教育局", "name": "张三", "on": "2026年3月2日"},
        "person": {"name": "李四", "work": "某某公司　工程师", "contact": "13800000000"},
        "matter": {"title": "子女入学", "text": "请协调学位。", "facts": ["类别：子女教育"]},
        "office": [_ENTRY],
        "units": [_ENTRY],
        "meetings": ["专题工作会议（2026年3月9日）议定：同意"],
        "group": {"text": "同意。", "on": "2026年3月10日"},
    },
    "circular": {
        "number": "通报〔2026〕1号",
        "unit": "区教育局",
        "case_number": "2026-需-0001",
        "title": "子女入学",
        "text": "逾期五个工作日未办理。",
        "scope": "该单位",
        "on": "2026年3月20日",
        "facts": [{"name": "事项编号", "value": "2026-需-0001"}],
        "sign": _SIGN,
        "stamps": NO_STAMPS,
    },
}
"""Name of a template → its data; a test holds their shape to the real ones."""

OF_A_STEP: Mapping[str, Any] = {
    "number": "函〔2026〕1号",
    "stamps": NO_STAMPS,
    "unit": "区教育局",
    "person": {"name": "李四", "work": "某某公司　工程师"},
    "on": "2026年3月20日",
    "n": 1,
    "said": {"text": "请抓紧办理。"},
    "facts": [{"name": "事项编号", "value": "2026-需-0001"}],
    "of": {
        "id": "urged",
        "name": "",
        "stage": "",
        "slot": "",
        "unit": "edu",
        "unit_name": "区教育局",
        "sign": _SIGN,
        "on": "2026年3月20日",
        "due": "",
        "late_days": 0,
        "fields": [{"id": "text", "title": "text", "value": "请抓紧办理。", "words": "请抓紧办理。"}],
    },
}
"""The data of a paper of a step or of an entry of the journal, beside those that every paper of a case has."""
