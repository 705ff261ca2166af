"""How the journal of an import makes its row: verification folds and compares it. Pure."""

from __future__ import annotations

from service.exchange.models import ImportJob
from service.history.folding import LIVE, Digest, Event, Family, Held, Rows

_EMPTY = Digest.of(b"")
TOUCHED = "最近处理时刻：供后台判断导入是否中断，处理中时时在变"


def _import(rows: Rows, event: Event) -> None:
    data, key = event.data, rows.name
    if event.kind == "import_uploaded":
        first = {"id": key, "status": "uploaded", "content": Digest(data["sha256"]), "total": 0, "done": 0}
        first |= {name: [] for name in ("findings", "preview", "notes", "hidden")}
        first |= {"skip_hidden": False, "created_by": event.actor, "created_at": event.at, "finished_at": None}
        rows.put(ImportJob, key, data, first)
    elif event.kind == "import_begun":
        rows.set(ImportJob, key, data, total=LIVE, done=LIVE)
    elif event.kind == "import_checked":
        sealed = {name: Digest(sha256) for name, sha256 in data["sealed"].items()}
        rows.set(ImportJob, key, data, sealed)
        if data["over"]:
            rows.set(ImportJob, key, finished_at=event.at, content=_EMPTY)
    elif event.kind == "import_confirmed":
        rows.set(ImportJob, key, status="confirmed")
        rows.learn(ImportJob, key, "skip_hidden", data, "skip_hidden")
    elif event.kind == "import_cancelled":
        rows.set(ImportJob, key, status="cancelled", finished_at=event.at, content=_EMPTY)
    elif event.kind == "import_written":
        over = {"total": data["rows"], "done": data["rows"], "finished_at": event.at, "content": _EMPTY}
        rows.set(ImportJob, key, over, status="done")


FAMILIES = (
    Family(
        "import",
        (
            Held(
                ImportJob,
                ImportJob.id,
                "导入",
                lambda row: row["name"],
                outside={"touched_at": TOUCHED},
            ),
        ),
        _import,
    ),
)
