"""The registry in the demonstration's year: an approval, an award, talents who left, files confirmed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock, talents
from service.auth import actor_of
from service.demonstration import cast
from service.demonstration.plan import Deed, Plan, office
from service.talents.models import Talent


def planned(plan: Plan) -> Iterator[Deed]:
    """An approval, an award, a talent who leaves the district, files that their units confirm."""
    approved, left = plan.others[1], plan.others[5]
    awarded = plan.pairs[2].talent
    yield Deed(plan.at(12), partial(_approve, talent=approved.id))
    award = {"recognition": "区突出贡献人才（演示）", "recognition_no": "演示表彰〔2026〕1号"}
    yield Deed(plan.at(90), partial(_update, talent=awarded.id, changes=award, source="重大事项报告：获得表彰"))
    gone = {"in_district": False, "works_until": plan.days[plan.last - 30]}
    source = "重大事项报告：工作变动"
    yield Deed(plan.at(plan.last - 28), partial(_update, talent=left.id, changes=gone, source=source))
    away = next(pair.talent for pair in plan.pairs if pair.post.key == "b-health-3")
    yield Deed(plan.at(plan.last - 27), partial(_update, talent=away.id, changes=gone, source=source))
    for place, unit in enumerate(cast.MEMBER_UNITS[:6]):
        yield Deed(plan.at(100 + place, 14), partial(_confirm, unit=unit))


def _approve(session: Session, *, talent: str) -> None:
    talents.approve_type(session, talent_id=talent, approved_on=clock.today(), actor=office(session), now=clock.now())


def _update(session: Session, *, talent: str, changes: Mapping[str, object], source: str) -> None:
    talents.update_talent(
        session, talent_id=talent, changes=changes, source=source, actor=office(session), now=clock.now()
    )


def _confirm(session: Session, *, unit: str) -> None:
    mine = select(Talent.id).where(Talent.employer_unit == unit).order_by(Talent.id)
    actor = actor_of(session, f"liaison-{unit}")
    for talent_id in session.scalars(mine).all():
        talents.confirm_talent(session, talent_id=talent_id, on=clock.today(), actor=actor, now=clock.now())
