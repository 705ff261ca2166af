"""The optional photos of talents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from service import clock
from service import talents as registry
from service.api.calls import Calls
from service.api.fields import Moment, Said, Schema, Whole
from service.api.uploads import ENVELOPE, one_file, uploaded
from service.errors import NotFound
from service.http.context import actor, db
from service.http.files import download
from service.talents.models import TalentPhoto
from service.talents.photos import LARGEST

calls = Calls("photos", "Photos of talents: one each, PNG or JPEG")

KINDS = {"image/png": "png", "image/jpeg": "jpg"}
UPLOAD = one_file("photo", "a PNG or JPEG, told by its content, of at most 2 MB")


class PhotoItem(Schema):
    """The photo of a talent; its content is that of ``GET`` on the same address."""

    talent = Said(required=True)
    media_type = Said(required=True)
    size = Whole(required=True)
    sha256 = Said(required=True)
    updated_at = Moment(required=True)


class PhotoWithdrawn(Schema):
    """The talent whose photo is gone."""

    talent = Said(required=True)


@calls.file("/talents/<talent_id>/photo", media_types=KINDS, right="view_talents")
def photo(talent_id: str) -> Response:
    """The photo itself; 404 where there is none."""
    kept = registry.find_photo(db(), registry.get_talent(db(), talent_id, actor()).id)
    if kept is None:
        raise NotFound("这位人才没有照片")
    return download(kept.content, kept.media_type, f"{talent_id}.{KINDS[kept.media_type]}")


@calls.post(
    "/talents/<talent_id>/photo",
    answer=PhotoItem,
    status=201,
    upload=UPLOAD,
    size=LARGEST + ENVELOPE,
    right="edit_talents",
)
def set_photo(talent_id: str) -> Mapping[str, Any]:
    """Takes in a photo, in place of the former one."""
    _, content = uploaded("photo", "请选择 JPG 或 PNG 格式的照片")
    return _shape(registry.set_photo(db(), talent_id=talent_id, content=content, actor=actor(), now=clock.now()))


@calls.post("/talents/<talent_id>/photo/withdraw", answer=PhotoWithdrawn, right="edit_talents")
def withdraw_photo(_body: dict[str, Any], talent_id: str) -> Mapping[str, Any]:
    """Takes the photo out of the file for good."""
    registry.withdraw_photo(db(), talent_id=talent_id, actor=actor(), now=clock.now())
    return {"talent": talent_id}


def _shape(kept: TalentPhoto) -> dict[str, Any]:
    return {
        "talent": kept.talent_id,
        "media_type": kept.media_type,
        "size": len(kept.content),
        "sha256": kept.sha256,
        "updated_at": kept.updated_at,
    }
