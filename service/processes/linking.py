"""The entries that cases which belong together leave in each other's journals. Pure."""

from __future__ import annotations

from collections.abc import Mapping

LINK, UNLINK, JOIN, TAKE_IN, PART, LET_OUT = "linked", "unlinked", "joined", "took_in", "parted", "let_out"

LINKING: Mapping[str, str | None] = {
    LINK: "linked",
    UNLINK: None,
    JOIN: "into",
    TAKE_IN: "holds",
    PART: None,
    LET_OUT: None,
}
"""Kind of entry → the row about the other case (``CaseLink.kind``) that it leaves; None: none any more."""
