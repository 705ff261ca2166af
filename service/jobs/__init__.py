"""Long work in the background: submitted by a person, done by the worker in short transactions, told piece by piece."""

from service.jobs.models import CANCELLED, DONE, FAILED, PAUSED, QUEUED, RUNNING, Job, JobItem
from service.jobs.queries import (
    about,
    all_items,
    counts,
    items_of,
    job_of,
    jobs,
    submitted_since,
    unfinished,
    visible_job,
)
from service.jobs.running import Handler, Item, Kind, Run, Stopped, waiting, work
from service.jobs.submitting import KEY, cancel, forget_old, kinds_of, pause, resume, submit

__all__ = [
    "CANCELLED",
    "DONE",
    "FAILED",
    "KEY",
    "PAUSED",
    "QUEUED",
    "RUNNING",
    "Handler",
    "Item",
    "Job",
    "JobItem",
    "Kind",
    "Run",
    "Stopped",
    "about",
    "all_items",
    "cancel",
    "counts",
    "forget_old",
    "items_of",
    "job_of",
    "jobs",
    "kinds_of",
    "pause",
    "resume",
    "submit",
    "submitted_since",
    "unfinished",
    "visible_job",
    "waiting",
    "work",
]
