"""Excel import with a preview (units, people, talents, links, past contacts), all or nothing, and its templates."""

from service.exchange.inspection import MAX_BYTES
from service.exchange.jobs import cancel, confirm, get_job, jobs, kind_for, kinds_for, upload, work
from service.exchange.kinds import KINDS, Kind
from service.exchange.lookups import Basis
from service.exchange.models import ImportJob
from service.exchange.templates import template

__all__ = [
    "KINDS",
    "MAX_BYTES",
    "Basis",
    "ImportJob",
    "Kind",
    "cancel",
    "confirm",
    "get_job",
    "jobs",
    "kind_for",
    "kinds_for",
    "template",
    "upload",
    "work",
]
