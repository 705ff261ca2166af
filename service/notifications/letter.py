"""One letter, and the ways in which sending it fails."""

from __future__ import annotations

from dataclasses import dataclass

from service.errors import Incident


@dataclass(frozen=True, slots=True)
class Letter:
    """One message over one channel. ``key`` is the same at every attempt, so that a receiver can drop a repetition.

    ``recipient`` is what the delivery is noted under, ``address`` where it goes.
    """

    channel: str
    recipient: str
    address: str
    subject: str
    body: str
    key: str


class ChannelDown(Incident):
    """The way out fails for every letter at present: no connection, no sign-in, a refused sender."""


class Undeliverable(Incident):
    """This letter can never go out as it is: trying again without a person's help is no use."""
