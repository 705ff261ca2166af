"""A seal told apart in words: (what was sealed, what is there now). Content is told by its hash alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from service.seals.heads import FIRST, LOST, ROTATED

Told = tuple[str, str]
_BEGUN: Mapping[str, str] = {FIRST: "最早的密钥", ROTATED: "由原密钥更换", LOST: "原密钥遗失后启用"}
KEY: Told = ("来历和签名都核对得上的密钥", "核对不上的密钥")
SIGNATURE: Told = ("登记的密钥的签名", "核对不上的签名")
LOST_HEAD: Told = ("有这次封存", "没有这次封存")
OTHER_HEAD: Told = ("封存时的那一次", "另外的一次")
READABLE: Told = ("读得出的封存", "读不出的内容")
LINE: Told = ("有这条记录", "没有这条记录")
NO_LINE: Told = ("没有这条记录", "有这条记录")
LINES: Told = ("封存时的记录", "与封存时不同的记录")
STREAM: Told = ("有这条链", "没有这条链")


def of_number(must: int, have: int, unit: str = "条记录") -> Told:
    """A number of records, or of streams."""
    return f"{must} {unit}", f"{have} {unit}"


def of_day(must: tuple[int, int], have: tuple[int, int]) -> Told:
    """The records and the new streams of a day."""
    return f"{must[0]} 条记录、{must[1]} 条新链", f"{have[0]} 条记录、{have[1]} 条新链"


def of_hash(must: Any, have: Any, name: str = "根值") -> Told:
    """Two digests."""
    return _hash(must, name), _hash(have, name)


def of_parts(must: Mapping[str, Any], have: Mapping[str, Any]) -> Told:
    """The parts in which the row of a head says something else than the head that was signed."""
    other = [name for name in must if must[name] != have[name]]
    return _listed(must, other), _listed(have, other)


def of_origin(must: str, have: str) -> Told:
    """How a key began: as its own record says, and as a head does."""
    return _BEGUN.get(must, must), _BEGUN.get(have, have)


def _hash(value: Any, name: str) -> str:
    return f"{name} {value[:12]}…" if isinstance(value, str) and value else f"没有{name}"


def _listed(told: Mapping[str, Any], names: Iterable[str]) -> str:
    return "、".join(f"{name} {str(told[name])[:26]}" for name in names)
