"""How the journal of a job makes its row and those of its pieces: verification folds and compares them. Pure."""

from __future__ import annotations

from service.history.folding import LIVE, Digest, Event, Family, Held, Rows, moment_words
from service.jobs.fields import ENDED, FORGOTTEN, HELD, MADE, RESUMED, TOLD
from service.jobs.models import PAUSED, Job, JobItem

TOUCHED = "最近处理时刻：供后台判断任务是否中断，进行中时时在变"
LEASE = "后台进程对任务的占用，随时可由另一进程接手"
ATTEMPTS = "没有进展的尝试次数，每有进展即清零"
ORDER = "内部流水号，不表示任何内容"


def _job(rows: Rows, event: Event) -> None:
    data, key = event.data, rows.name
    if event.kind == MADE:
        live = {"status": LIVE, "done": LIVE, "total": LIVE, "state": LIVE}
        told = {"id": key, "message": "", "result": None, "ended_at": None, "made_by": event.actor}
        rows.put(Job, key, data, told, live, made_at=event.at)
    elif event.kind == HELD:
        rows.set(Job, key, status=PAUSED)
    elif event.kind == RESUMED:
        rows.set(Job, key, status=LIVE, done=LIVE, total=LIVE, state=LIVE, message="", ended_at=None)
    elif event.kind == ENDED:
        rows.set(Job, key, data, ended_at=event.at)
    elif event.kind == TOLD:
        for name, one in data["items"].items():
            told = {"job_id": key, "key": name, "verdict": one["verdict"]}
            rows.put(JobItem, name, told, data=Digest(one["data"]))
    elif event.kind == FORGOTTEN:
        rows.clear(Job)
        rows.clear(JobItem)


FAMILIES = (
    Family(
        "job",
        (
            Held(
                Job,
                Job.id,
                "后台任务",
                lambda row: f"{row['kind']} {moment_words(row['made_at'])}",
                outside={"touched_at": TOUCHED, "lease": LEASE, "leased_until": LEASE, "attempts": ATTEMPTS},
                late=True,
                key=lambda row: row["id"],
            ),
            Held(
                JobItem,
                JobItem.job_id,
                "后台任务的明细",
                lambda row: row["key"],
                outside={"id": ORDER},
                alike=("job_id", "key"),
                late=True,
                key=lambda row: row["key"],
            ),
        ),
        _job,
    ),
)
