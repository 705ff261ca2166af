"""The optional photo of a talent: a PNG or a JPEG, told by its content and not by its name."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from sqlalchemy.orm import Session

from service.errors import Conflict
from service.fields import Checks
from service.history.records import record
from service.rights import Actor, require
from service.talents.models import Talent, TalentPhoto
from service.talents.queries import find_photo, get_talent
from service.talents.rules import picture

LARGEST = 2_000_000
"""Bytes of a photo."""


def set_photo(session: Session, *, talent_id: str, content: bytes, actor: Actor, now: datetime) -> TalentPhoto:
    """Keeps ``content`` as the photo of the talent, in place of the former one.

    Raises ``NotAllowed``, ``NotFound``, and ``Invalid`` where it is larger than ``LARGEST`` or no PNG or JPEG.
    """
    require(actor, "edit_talents")
    talent = get_talent(session, talent_id)
    session.refresh(talent, with_for_update={"of": Talent})
    media_type = picture(content)
    checks = Checks()
    if not content:
        checks.refuse("/photo", "请选择一张照片")
    elif len(content) > LARGEST:
        checks.refuse("/photo", f"照片不能超过 {LARGEST // 1_000_000} MB，请压缩后重新选择")
    elif media_type is None:
        checks.refuse("/photo", "照片须是完整的 JPG 或 PNG 图片，请另存为这两种格式后重新选择")
    checks.done()
    photo = find_photo(session, talent_id) or TalentPhoto(talent_id=talent_id)
    digest = sha256(content).hexdigest()
    if media_type is not None and digest != photo.sha256:
        photo.media_type, photo.sha256, photo.content, photo.updated_at = media_type, digest, content, now
        session.add(photo)
        session.flush()
        data = {"media_type": media_type, "size": len(content), "sha256": digest}
        record(session, f"talent:{talent_id}", "talent_photo_set", data, actor=actor, now=now)
    return photo


def withdraw_photo(session: Session, *, talent_id: str, actor: Actor, now: datetime) -> None:
    """Takes the photo out of the file for good; the journal keeps its digest only.

    Raises ``NotAllowed``, ``NotFound``, and ``Conflict`` where there is none.
    """
    require(actor, "edit_talents")
    get_talent(session, talent_id)
    photo = find_photo(session, talent_id)
    if photo is None:
        raise Conflict("没有照片可以删除")
    digest = photo.sha256
    session.delete(photo)
    session.flush()
    record(session, f"talent:{talent_id}", "talent_photo_withdrawn", {"sha256": digest}, actor=actor, now=now)
