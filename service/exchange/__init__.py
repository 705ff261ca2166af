"""Excel import with a preview (units, people, talents, links, past contacts), all or nothing, and its templates."""

from service.exchange.jobs import cancel, confirm, get_job, jobs, upload, work
from service.exchange.kinds import KINDS, Kind
from service.exchange.models import ImportJob
from service.exchange.reading import MAX_BYTES
from service.exchange.templates import template

__all__ = [
    "KINDS",
    "MAX_BYTES",
    "ImportJob",
    "Kind",
    "cancel",
    "confirm",
    "get_job",
    "jobs",
    "template",
    "upload",
    "work",
]
