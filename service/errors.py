"""The exceptions of the whole product: one base, five kinds.

No HTTP words here: ``web`` and ``api`` each map these once. Messages are Chinese sentences for staff that say
what is wrong and the way out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with an input.

    ``path`` names the field (``/data/reason``), setting (``calendar.notices[0].year``) or place in a file;
    ``message`` says in Chinese what is wrong and the way out.
    """

    path: str
    message: str


class LiaisonError(Exception):
    """Base of all expected failures. ``str(error)`` is the message for people."""

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.findings: tuple[Finding, ...] = tuple(findings)


class NotFound(LiaisonError):
    """The thing does not exist, or the caller may not know that it does."""


class Conflict(LiaisonError):
    """The thing is not (any longer) in the state that the caller took it to be in."""


class NotAllowed(LiaisonError):
    """The caller may not do this."""


class Invalid(LiaisonError):
    """The input is wrong; ``findings`` name each field."""


class Busy(LiaisonError):
    """Too many ask for this at once; a moment later there is room again."""


class Incident(LiaisonError):
    """The product, a diagram or the outside world failed; people must look."""


DAMAGE = (LiaisonError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""The errors of reading or running what somebody wrote past the service; each is a finding, none an error."""
