"""The entries by which a unit asks for a later date (延期) and is answered, beside the input that moves it. Pure."""

from __future__ import annotations

ASKED, REFUSED, DROPPED = "extension_asked", "extension_refused", "extension_dropped"
ASKING = frozenset({ASKED, REFUSED, DROPPED})
"""Each says in ``asked_due_on`` the date that is asked for from now on; without it none is."""
