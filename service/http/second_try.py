"""A second try of a request under which the database was lost: it has failed over, and the next connection works; or
which another has overtaken between looking and locking: the second one locks first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog
from flask import g, request
from sqlalchemy.exc import DBAPIError

from service.db import Overtaken
from service.db.failures import SWITCHING, describe, trouble
from service.http.context import READING, kept

Answer = TypeVar("Answer")

log = structlog.get_logger(__name__)


def begun() -> None:
    """From here on the request may have written."""
    g.begun = True


def tried_twice(work: Callable[[], Answer], *, keyed: Callable[[], bool]) -> Answer:
    """The answer of ``work``, which opens the request's transaction; after a lost database that of a second call.

    Only where nothing can be done twice so: by a request that reads, that is known again by a key (``keyed()``), or
    that had not ``begun``. All that the first call had kept for the request is forgotten, as its transaction is. Raises
    what ``work`` raises, be it the second time. One that was overtaken has written nothing.
    """
    here = kept()
    before = dict(vars(here))
    here.looks = True
    try:
        return work()
    except Overtaken:
        log.info("overtaken")
    except DBAPIError as error:
        harmless = request.method in READING or keyed() or not here.get("begun")
        if trouble(error) is not SWITCHING or not harmless:
            raise
        log.warning("tried_again", error=describe(error))
    vars(here).clear()
    vars(here).update(before)
    return work()
