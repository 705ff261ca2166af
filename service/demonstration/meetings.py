"""Meetings of leaders and talents in the demonstration's year: activities, contacts, units' own matters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock, contacts, ids
from service.auth import actor_of
from service.demonstration import cast
from service.demonstration.cast import Post
from service.demonstration.organization import SPACE, derived
from service.demonstration.plan import Pair, Plan, PlannedAct, first_posts, office, officer, say
from service.people.rules import OFFICE_UNIT
from service.workdays import Calendar

FORMS = ("phone", "online", "discussion", "letter", "consultation", "visit")
LATE_DAYS, IN_TIME = (5, 8), (0, 2)


def planned(plan: Plan) -> Iterator[PlannedAct]:
    """Activities, contacts, the needs that were told at a visit, what units solved themselves."""
    yield from _activities(plan)
    yield from _contacts(plan)
    yield from _needs(plan)
    yield from _matters(plan)


def _activities(plan: Plan) -> Iterator[PlannedAct]:
    """A symposium and a consultation that were held, and an activity to come."""
    guests = [pair.talent.id for pair in plan.pairs if pair.post.klass == "A"][:14]
    plans = (
        ("高层次人才座谈会", "symposium", OFFICE_UNIT, 40, "office"),
        ("产业规划专家咨询会", "consultation", "sci", plan.last - 60, "liaison-sci"),
    )
    for place, (name, kind, unit, day, who) in enumerate(plans):
        activity = derived("activity", f"{plan.seed}:{place}")
        told = {"name": f"{name}（演示）", "kind": kind, "organizer_unit": unit, "held_on": plan.days[day]}
        invited = guests[place * 4 :]
        yield PlannedAct(plan.at(day - 6), partial(_hold, told=told, activity=activity, invited=invited, who=who))
        came: dict[str, bool | None] = {one: n % 4 != 3 for n, one in enumerate(invited)}
        yield PlannedAct(plan.at(day + 1), partial(_attended, activity=activity, came=came, who=who))
        post = first_posts()[place]
        mine = [pair.talent.id for pair in plan.pairs if pair.post == post]
        said = {
            "form": "symposium" if place == 0 else "activity",
            "held_on": plan.days[day],
            "topics": [1, 2],
            "summary": cast.SUMMARIES["symposium"][0],
            "activity_id": activity,
        }
        contact_id = derived("contact", f"{plan.seed}:activity:{place}")
        yield PlannedAct(
            plan.at(day + 1, 15),
            partial(_record, told=said, post=post, talent_ids=mine, id=contact_id, who=officer(post), at=plan.calendar),
        )
    held_on = plan.calendar.add(plan.days[-1], 8).due
    told = {"name": "人才政策宣讲会（演示）", "kind": "activity", "organizer_unit": "hrss", "held_on": held_on}
    activity = derived("activity", f"{plan.seed}:next")
    yield PlannedAct(
        plan.at(plan.last - 4), partial(_hold, told=told, activity=activity, invited=guests, who="liaison-hrss")
    )


def _contacts(plan: Plan) -> Iterator[PlannedAct]:
    """Interviews of class B and what else there is, entered in time or late."""
    forms = iter(FORMS * len(plan.pairs))
    this_year = next(n for n, day in enumerate(plan.days) if day.year == plan.days[-1].year)
    for place, pair in enumerate(plan.pairs):
        since, until, taken = max(pair.since + 2, 8), pair.until, set[int]()
        if pair.post.klass == "B":
            wanted = (0, 1)[place % 2] if place % 7 == 0 else 2
            begin = max(since, this_year)
            for _ in range(wanted if until > begin else 0):
                yield from _contact(plan, pair, "visit", begin, taken)
        for _ in range(1 + (place % 3 == 0) if until > since else 0):
            yield from _contact(plan, pair, next(forms), since, taken)


def _contact(plan: Plan, pair: Pair, form: str, since: int, taken: set[int]) -> Iterator[PlannedAct]:
    """On a day from ``since`` on that the pair has not ``taken``: two of one day could say the same, and be refused."""
    chance = plan.chance
    free = [day for day in range(since, pair.until + 1) if day not in taken]
    if not free:
        return
    day = chance.choice(free)
    taken.add(day)
    late = chance.random() < 0.12
    entered = day + chance.randint(*(LATE_DAYS if late else IN_TIME))
    inbound = form in ("letter", "phone") and chance.random() < 0.3
    opinion = chance.choice(cast.OPINIONS) if chance.random() < 0.35 else None
    private = form == "visit" and chance.random() < 0.15
    topics = sorted({chance.randint(1, 4), *({4} if private else ()), *({2} if opinion else ())})
    told: dict[str, Any] = {
        "form": form,
        "held_on": plan.days[day],
        "topics": topics,
        "summary": say(chance.choice(cast.SUMMARIES[form]), pair.talent),
        "place": pair.talent.employer if form == "visit" else None,
        "follow_up": chance.choice(cast.FOLLOW_UPS) if chance.random() < 0.4 else None,
        "restricted": chance.choice(cast.RESTRICTED) if private else None,
        "inbound": inbound,
        "tags": ["stationed"] if form == "visit" and chance.random() < 0.2 else [],
        "opinions": [{"talent_id": pair.talent.id, "text": opinion}] if opinion else [],
        "notes": _learnt(pair, day) if 3 in topics else [],
    }
    if entered > plan.last:
        return  # nobody has got round to it yet
    contact_id = ids.derive(SPACE, f"contact:{plan.seed}:{chance.getrandbits(64)}")
    who = officer(pair.post)
    yield PlannedAct(
        plan.at(entered, plan.hour() + 0.2),
        partial(
            _record,
            told=told,
            post=pair.post,
            talent_ids=[pair.talent.id],
            id=contact_id,
            who=who,
            at=plan.calendar,
        ),
    )
    outcome = chance.random()
    if opinion and outcome < 0.7:
        answered = min(entered + chance.randint(2, 12), plan.last)
        answer = chance.choice(cast.ANSWERS) if outcome < 0.5 else None
        yield PlannedAct(plan.at(answered, 17.6), partial(_answer, contact=contact_id, answer=answer, who=who))


def _learnt(pair: Pair, day: int) -> list[dict[str, str]]:
    """The note for the talent's file that a contact of topic 3 leaves, by its day (C3)."""
    aspect, text = cast.LEARNT[day % len(cast.LEARNT)]
    return [{"aspect": aspect, "text": text, "talent_id": pair.talent.id}]


def _needs(plan: Plan) -> Iterator[PlannedAct]:
    """The words of a talent to the leader, and the case that they became."""
    chosen = {case.talent.id: case for case in plan.cases if clock.local(case.begins).date() > plan.days[20]}
    for case in list(chosen.values())[:10]:
        begins = clock.local(case.begins)
        told_on = plan.calendar.add(begins.date(), -1).due
        contact_id = ids.derive(SPACE, f"contact:{plan.seed}:case:{case.place}")
        post = next(post for post in first_posts() if str(derived("leader", post.key)) == case.talent.leader_id)
        told = {
            "form": "visit",
            "held_on": told_on,
            "topics": [2, 4],
            "summary": f"到{case.talent.employer}走访{case.talent.name}，听取工作、生活中需要协调的事项。",
            "opinions": [{"talent_id": case.talent.id, "text": case.say(case.matter.description)}],
        }
        who = "leader" if post.key == "leader" else officer(post)
        yield PlannedAct(
            plan.on(told_on, 17.1),
            partial(
                _record, told=told, post=post, talent_ids=[case.talent.id], id=contact_id, who=who, at=plan.calendar
            ),
        )
        yield PlannedAct(
            case.begins + timedelta(minutes=5), partial(_become, contact=contact_id, instance=case.instance_id)
        )


def _matters(plan: Plan) -> Iterator[PlannedAct]:
    for place, (unit, title, description, result) in enumerate(cast.MATTERS):
        who = next(pair.talent for pair in plan.pairs if pair.post.unit == unit and pair.post.klass == "B")
        day = 30 + place * (plan.last - 50) // len(cast.MATTERS)
        matter = derived("matter", f"{plan.seed}:{place}")
        told = {"unit_code": unit, "talent_id": who.id, "title": title, "description": say(description, who)}
        yield PlannedAct(
            plan.at(day, 11), partial(_note_matter, told=told, matter=matter, raised_on=plan.days[day], unit=unit)
        )
        if result:
            yield PlannedAct(plan.at(day + 4, 15), partial(_solve, matter=matter, result=result, unit=unit))


def _record(
    session: Session,
    *,
    told: Mapping[str, Any],
    post: Post,
    talent_ids: Sequence[str],
    id: UUID,  # noqa: A002 - the contact's
    who: str,
    at: Calendar,
) -> None:
    contacts.record_contact(
        session,
        leader_id=derived("leader", post.key),
        talent_ids=talent_ids,
        contact_id=id,
        calendar=at,
        actor=actor_of(session, who),
        now=clock.now(),
        **told,
    )


def _opinion(contact: UUID) -> UUID:
    return ids.derive(contact, "opinion:1")


def _answer(session: Session, *, contact: UUID, answer: str | None, who: str) -> None:
    contacts.answer_opinion(
        session,
        opinion_id=_opinion(contact),
        status="answered" if answer else "noted",
        answer=answer,
        actor=actor_of(session, who),
        now=clock.now(),
    )


def _become(session: Session, *, contact: UUID, instance: UUID) -> None:
    contacts.link_opinion(
        session, opinion_id=_opinion(contact), instance_id=instance, actor=office(session), now=clock.now()
    )


def _hold(session: Session, *, told: Mapping[str, Any], activity: UUID, invited: Sequence[str], who: str) -> None:
    contacts.add_activity(
        session,
        activity_id=activity,
        talent_ids=invited,
        place="区人才活动中心",
        actor=actor_of(session, who),
        now=clock.now(),
        **told,
    )


def _attended(session: Session, *, activity: UUID, came: Mapping[str, bool | None], who: str) -> None:
    contacts.record_attendance(
        session, activity_id=activity, attended=came, actor=actor_of(session, who), now=clock.now()
    )


def _note_matter(session: Session, *, told: Mapping[str, Any], matter: UUID, raised_on: date, unit: str) -> None:
    contacts.record_matter(
        session,
        matter_id=matter,
        raised_on=raised_on,
        actor=actor_of(session, f"liaison-{unit}"),
        now=clock.now(),
        **told,
    )


def _solve(session: Session, *, matter: UUID, result: str, unit: str) -> None:
    contacts.solve_matter(
        session,
        matter_id=matter,
        result=result,
        solved_on=clock.today(),
        actor=actor_of(session, f"liaison-{unit}"),
        now=clock.now(),
    )
