"""Masks of a talent's private data, by reader. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from service.fields import EMAIL
from service.talents.fields import CONTACT, FIELDS, IDENTITY

HEAD, TAIL = 3, 4
HIDDEN = "（不显示）"


def masked_email(email: str) -> str:
    """An address of which only the first character and the domain show: ``l***@example.com``."""
    user, _, domain = email.partition("@")
    return f"{user[:1]}***@{domain}"


def masked(phone: str) -> str:
    """A telephone number of which only the first three and the last four digits show: ``138****0000``.

    A short one shows its last two digits at most.
    """
    digits = "".join(sign for sign in phone if sign.isdigit())
    if len(digits) > HEAD + TAIL:
        return f"{digits[:HEAD]}{'*' * (len(digits) - HEAD - TAIL)}{digits[-TAIL:]}"
    return f"{'*' * (len(digits) - 2)}{digits[-2:]}"


CONTACT_MASKS: Mapping[str, Callable[[str], str]] = {
    one.name: masked_email if one.kind == EMAIL else masked for one in FIELDS if one.private == CONTACT
}
"""How each field of contact data looks to those who may not see it."""
IDENTITY_FIELDS = frozenset(one.name for one in FIELDS if one.private == IDENTITY)


def redacted(data: Mapping[str, object], *, contact: bool, identity: bool) -> dict[str, object]:
    """An entry of a talent's journal for a reader who may (not) see contact data and the document's last characters."""
    shown = dict(data)
    masks: dict[str, Callable[[str], str]] = {} if contact else dict(CONTACT_MASKS)
    if not identity:
        masks |= dict.fromkeys(IDENTITY_FIELDS, lambda _: HIDDEN)
    for field, mask in masks.items():
        value = shown.get(field)
        if isinstance(value, list):
            shown[field] = [mask(one) if isinstance(one, str) else one for one in value]
        elif isinstance(value, str):
            shown[field] = mask(value)
    return shown
