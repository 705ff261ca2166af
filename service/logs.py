"""Logs: one JSON object a line on standard error, with the id of the request (or wake-up) that it belongs to.

Logs say what the machine did, never what people wrote: no bodies, no search words, no values of a failed statement.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog
from sqlalchemy.exc import StatementError
from structlog.typing import EventDict, Processor, WrappedLogger

_OURS = "liaison"


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to whatever standard error is at the moment: tests and servers replace it."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def configure(level: str) -> None:
    """Sends all logs of this process (the libraries' too) through one JSON handler; may be called again."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_values,
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    _tell_nothing_of_the_caller()
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if handler.name == _OURS]:
        root.removeHandler(old)
    handler = _StandardError()
    handler.name = _OURS
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
    root.addHandler(handler)
    # Libraries speak only when something is wrong; the engine's would tell every step of every case.
    root.setLevel(logging.WARNING)
    logging.getLogger("service").setLevel(level.upper())


def _tell_nothing_of_the_caller() -> None:
    """Spares each line what none says, as the library's guide tells to: its file and line, and its thread."""
    logging._srcfile = None  # noqa: SLF001 - the guide's own way
    logging.logThreads = logging.logMultiprocessing = False


def _without_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A failed statement's values are personal data: its error then names only the statement."""
    given = event.get("exc_info")
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    while isinstance(error, BaseException):
        if isinstance(error, StatementError):
            error.hide_parameters = True
        error = error.__cause__ or error.__context__
    return event
