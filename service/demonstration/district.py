"""The people there as the demonstration's year begins: officers, leaders, their service teams, talents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from service import auth, clock, liaisons, people, talents
from service.demonstration import cast
from service.demonstration.cast import CLASS_A, CLASS_B, EMPLOYERS, Employer, Post
from service.demonstration.organization import derived, served
from service.demonstration.plan import Pair, Plan, PlannedAct, Served, add_leader, first_posts, office, set_service_team
from service.rights import SYSTEM


def planned(plan: Plan) -> Iterator[PlannedAct]:
    """Talents first: the links of everybody else's operations are between them and the leaders."""
    yield from _registry(plan)
    yield from _people(plan)


def _registry(plan: Plan) -> Iterator[PlannedAct]:
    """The talents: of every employer as many as the leaders of its unit serve, then those of class A."""
    place = len(plan.served)
    told: list[dict[str, Any]] = []
    for post in (*CLASS_A, *CLASS_B):
        there = [one for one in EMPLOYERS if post.klass == "A" or one.unit == post.unit]
        for n in range(liaisons.QUOTAS[post.klass] - post.short):
            place += 1
            who = _talent(plan, told, place, there[(place + n) % len(there)])
            plan.pairs.append(Pair(post, who, 6, plan.ends.get(post.key, plan.last)))
    for n in range(6):
        place += 1
        plan.others.append(_talent(plan, told, place, EMPLOYERS[n * 2], type=5 if n < 2 else None))
    for first in range(0, len(told), 20):
        yield PlannedAct(plan.at(0, 9.3 + first / 200), partial(_add_talents, told=told[first : first + 20]))
    leads = [(plan.pairs[0].talent.id, plan.pairs[1].talent.id), (plan.pairs[-1].talent.id, plan.others[-1].id)]
    yield PlannedAct(plan.at(1, 15), partial(_add_teams, leads=leads))
    # one talent with two leaders, of either class
    twice = next(pair for pair in plan.pairs if pair.post.key == "b-sci-2")
    plan.pairs.append(replace(twice, talent=plan.served["T0003"]))
    for name, one in zip(first_posts(), ("leader", "程望津", "温如故"), strict=True):
        ours = [two for two in served() if two.leader_id == str(derived("leader", one))]
        plan.pairs += [Pair(name, plan.served[two.id], 0, plan.last) for two in ours]


def _talent(plan: Plan, told: list[dict[str, Any]], place: int, employer: Employer, **more: int | None) -> Served:
    category, kind, recognition = cast.RECOGNITIONS[place % len(cast.RECOGNITIONS)]
    if more.get("type"):
        category, kind, recognition = None, more["type"], ""
    who = Served(f"T{place:04d}", next(plan.names), employer.name, employer.fields)
    told.append(
        {
            "talent_id": who.id,
            "name": who.name,
            "category": category,
            "type": kind,
            "type_reason": "在本领域有突出贡献，经主管单位推荐（演示）" if kind == 5 else None,
            "recognition": recognition or None,
            "recognition_no": f"演示认定〔2024〕{place}号" if recognition else None,
            "recognized_on": date(2024, 1 + place % 12, 15) if recognition else None,
            # that of one talent runs out in the course of the year: the link then warns
            "recognition_expires_on": plan.days[plan.last - 60] if place == 17 and kind is None else None,
            "employer": employer.name,
            "employer_unit": employer.unit,
            "post": employer.posts[place % len(employer.posts)],
            "fields": employer.fields,
            "platform": employer.platform,
            "town": employer.town,
            "phone": f"0757-0000{place:04d}",  # no subscriber's number begins with 0
            "email": f"t{place:04d}@talent.example",
            "contact_person": "人事专员",
            "contact_phone": f"0757-0001{place:04d}",
            "id_tail": f"{place:04d}",
            "works_from": date(2018 + place % 6, 3, 1),
        }
    )
    return who


def _people(plan: Plan) -> Iterator[PlannedAct]:
    """Officers of every office and member unit, leaders, section heads, service teams."""
    accounts = {unit: next(plan.names) for unit in (*cast.OFFICES, *cast.MEMBER_UNITS)}
    yield PlannedAct(plan.at(0, 9.0), partial(_name_officers, names=accounts))
    sections = {unit: (next(plan.names), next(plan.names)) for unit in cast.MEMBER_UNITS}
    yield PlannedAct(plan.at(0, 9.1), partial(_add_section_heads, names=sections))
    everybody = [(post, "" if post.person else next(plan.names)) for post in (*CLASS_A, *CLASS_B)]
    yield PlannedAct(plan.at(0, 9.2), partial(_add_leaders, posts=everybody))
    for place, (post, _) in enumerate(everybody):
        yield PlannedAct(plan.at(1, 9.1 + place / 10), partial(set_service_team, post=post))


def _name_officers(session: Session, *, names: Mapping[str, str]) -> None:
    """A liaison officer, with an account, for each unit that has none."""
    password, now = auth.get_account(session, "office").password_hash, clock.now()
    since = clock.today().replace(month=1, day=1)
    for unit, name in names.items():
        username = f"liaison-{unit}"
        if auth.find_account(session, username) is not None:
            continue
        person_id = derived("person", username)
        people.add_person(session, person_id=person_id, name=name, unit_code=unit, post="联络员", actor=SYSTEM, now=now)
        auth.add_user(
            session, username=username, person_id=person_id, demo=True, actor=SYSTEM, now=now
        ).password_hash = password
        people.name_liaison(session, unit_code=unit, person_id=person_id, starts_on=since, actor=SYSTEM, now=now)


def _add_section_heads(session: Session, *, names: Mapping[str, tuple[str, str]]) -> None:
    for unit, (first, second) in names.items():
        for name, post in ((first, "人才科科长"), (second, "办公室主任")):
            people.add_person(
                session,
                person_id=derived("person", f"{unit}:{post}"),
                name=name,
                unit_code=unit,
                post=post,
                actor=SYSTEM,
                now=clock.now(),
            )


def _add_leaders(session: Session, *, posts: Sequence[tuple[Post, str]]) -> None:
    since = clock.today().replace(month=1, day=1)
    for key, portfolio in cast.PORTFOLIOS.items():
        people.update_leader(
            session,
            leader_id=derived("leader", key),
            changes={"portfolio": portfolio},
            actor=office(session),
            now=clock.now(),
        )
    for post, name in posts:
        add_leader(session, post, name, since)


def _add_talents(session: Session, *, told: Sequence[Mapping[str, Any]]) -> None:
    for one in told:
        talents.add_talent(session, **one, confirm_duplicate=True, actor=office(session), now=clock.now())


def _add_teams(session: Session, *, leads: Sequence[tuple[str, str]]) -> None:
    for place, (lead, member) in enumerate(leads):
        talents.add_team(
            session,
            name=f"{('星槎', '云帆')[place]}创新团队（演示）",
            lead_id=lead,
            team_id=derived("team", str(place)),
            fields=("智能制造", "生物医药")[place],
            members=[{"talent_id": member, "post": "核心成员"}, {"name": f"演示成员{place + 1}", "post": "工程师"}],
            actor=office(session),
            now=clock.now(),
        )
