"""Checks the journal in a backup without this product: Python's standard library is all it needs.

``python check.py BACKUP`` recomputes every hash chain and names each event that was changed; it ends with 1 then.
``python check.py BACKUP access`` prints the events of one stream (or of all that begin so) as CSV.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

FIRST = "0" * 64
"""What the first event of a stream names as the hash before it."""
SEALED = ("stream", "seq", "at", "actor", "on_behalf_of", "kind", "task", "data", "prev_hash")
"""What an event's hash is made of, in this order."""


def main(backup: str, stream: str | None = None) -> int:
    """The exit code: 0, or 1 where something is not as it was written."""
    if stream is not None:
        table = csv.writer(sys.stdout)
        table.writerow(SEALED)
        for event in rows(backup, "history_event"):
            if event["stream"].startswith(stream):
                table.writerow([canonical(event[name]) if name == "data" else event[name] for name in SEALED])
        return 0
    found = [*damage(backup)]
    for line in found:
        sys.stdout.write(line + "\n")
    sys.stdout.write(f"发现 {len(found)} 处不符\n" if found else "哈希链完整\n")
    return 1 if found else 0


def damage(backup: str) -> Iterator[str]:
    """What is wrong with the backup and the chains in it, a line each."""
    ends: dict[str, tuple[int, str]] = {}
    for event in rows(backup, "history_event"):
        seq, last = ends.get(event["stream"], (0, FIRST))
        place = f"{event['stream']} 第 {event['seq']} 条"
        if event["seq"] != seq + 1:
            yield f"{place}：之前缺少记录"
        elif event["prev_hash"] != last:
            yield f"{place}：与上一条记录的哈希不衔接"
        at = datetime.fromisoformat(event["at"]).isoformat(timespec="microseconds")
        sealed = canonical([at if name == "at" else event[name] for name in SEALED])
        if hashlib.sha256(sealed.encode()).hexdigest() != event["hash"]:
            yield f"{place}：内容与其哈希不符，记录被改动"
        ends[event["stream"]] = event["seq"], event["hash"]
    heads = {head["stream"]: (head["seq"], head["hash"]) for head in rows(backup, "history_head")}
    for stream in sorted(ends.keys() | heads.keys()):
        if ends.get(stream) != heads.get(stream):
            yield f"{stream}：链头与末条记录不符"
    if not whole(backup):
        yield "备份文件的校验和不符，文件不完整或被改动"


def rows(backup: str, wanted: str) -> Iterator[dict[str, Any]]:
    """The rows of one table."""
    columns: list[str] | None = None
    with gzip.open(backup, "rt", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            said = json.loads(line)
            if isinstance(said, dict):
                columns = [name for name, _kind in said["columns"]] if said.get("table") == wanted else None
            elif columns is not None:
                yield dict(zip(columns, said, strict=True))


def whole(backup: str) -> bool:
    """Whether the last line names the SHA-256 of all lines before it."""
    digest, last = hashlib.sha256(), b""
    with gzip.open(backup, "rb") as lines:
        for line in lines:
            digest.update(last)
            last = line
    return bool(json.loads(last).get("sha256") == digest.hexdigest())


def canonical(value: Any) -> str:
    """JSON with sorted keys, without spaces or needless escapes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
