"""A year of the demonstration's people side: who serves whom, contacts, rosters, handovers, reports, briefs.

``deeds`` plans it for (seed, end, calendar); each deed is done through the real commands, in the order of the moments,
between the deeds of the cases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import auth, clock, contacts, ids, liaisons, people, reports, talents
from service.actions.posts import end_post
from service.auth import SYSTEM, Actor, actor_of
from service.demonstration import cast
from service.demonstration.cast import CLASS_A, CLASS_B, EMPLOYERS, HELD, LEAVER, NEWCOMER, SUCCESSOR, Employer, Post
from service.demonstration.organization import SPACE, derived, served
from service.demonstration.papers import Case
from service.ledger.counts import leader_needs
from service.processes import commands
from service.processes.advance import open_tasks
from service.processes.models import Instance
from service.talents.models import Talent
from service.workdays import Calendar

Act = Callable[[Session], object]
DAYS = 365
"""How long before the end the people side begins."""

OFFICE_UNIT = "talent_office"
FORMS = ("phone", "online", "discussion", "letter", "consultation", "visit")
LATE_DAYS, IN_TIME = (5, 8), (0, 2)


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that somebody does at a moment (aware)."""

    moment: datetime
    act: Act


@dataclass(frozen=True, slots=True)
class Served:
    """A talent as the deeds need it."""

    id: str
    name: str
    employer: str
    fields: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A leader serves a talent, from the ``since``-th working day of the year to the ``until``-th."""

    post: Post
    talent: Served
    since: int
    until: int


def first_day(until: datetime, calendar: Calendar) -> date:
    """The working day on which the demonstration's people side begins."""
    return calendar.add(clock.local(until).date() - timedelta(days=DAYS), 1).due


def deeds(cases: Sequence[Case], seed: int, until: datetime, calendar: Calendar) -> list[Deed]:
    """All deeds of the year that ends at ``until``, in no order; the organization is there before the first."""
    return list(_Year(cases, seed, until, calendar).planned())


class _Year:
    def __init__(self, cases: Sequence[Case], seed: int, until: datetime, calendar: Calendar) -> None:
        self.cases, self.seed, self.calendar = cases, seed, calendar
        self.chance = Random(f"liaison:people:{seed}")
        self.names = iter(cast.names(self.chance))
        first, last = first_day(until, calendar), clock.local(until).date()
        every = (first + timedelta(days=n) for n in range((last - first).days + 1))
        self.days = [day for day in every if calendar.is_working_day(day)]
        self.last = len(self.days) - 1
        self.served = {one.id: Served(one.id, one.name, one.employer, "本专业") for one in served()}
        self.posts = (*_first_posts(), *CLASS_A, *CLASS_B)
        self.ends = {LEAVER: self.last - 110, HELD: self.last - 8}
        self.begins = {SUCCESSOR: self.last - 108, NEWCOMER: self.last - 20}
        self.pairs: list[Pair] = []
        self.others: list[Served] = []
        """Talents whom nobody serves."""

    # --- When and who ------------------------------------------------------------------------------------------------

    def at(self, day: int, hour: float = 10.0) -> datetime:
        """The moment of the ``day``-th working day of the year, at that hour."""
        return self.on(self.days[max(0, min(day, self.last))], hour)

    @staticmethod
    def on(day: date, hour: float) -> datetime:
        return datetime.combine(day, time(0), tzinfo=clock.SHANGHAI) + timedelta(hours=hour)

    def hour(self) -> float:
        """Some hour at which offices work."""
        return 9.2 + self.chance.randrange(80) / 10

    # --- The plan ----------------------------------------------------------------------------------------------------

    def planned(self) -> Iterator[Deed]:
        """Every deed."""
        yield from self._registry()
        yield from self._people()
        yield from self._rosters()
        yield from self._handovers()
        yield from self._newcomer()
        yield from self._activities()
        yield from self._contacts()
        yield from self._needs()
        yield from self._matters()
        yield from self._registry_changes()
        yield from self._reports()
        yield from self._briefs()

    def _people(self) -> Iterator[Deed]:
        """Officers of every office and member unit, leaders, section heads, service teams."""
        accounts = {unit: next(self.names) for unit in (*cast.OFFICES, *cast.MEMBER_UNITS)}
        yield Deed(self.at(0, 9.0), partial(_name_officers, names=accounts))
        sections = {unit: (next(self.names), next(self.names)) for unit in cast.MEMBER_UNITS}
        yield Deed(self.at(0, 9.1), partial(_add_section_heads, names=sections))
        everybody = [(post, "" if post.person else next(self.names)) for post in (*CLASS_A, *CLASS_B)]
        yield Deed(self.at(0, 9.2), partial(_add_leaders, posts=everybody))
        for place, (post, _) in enumerate(everybody):
            yield Deed(self.at(1, 9.1 + place / 10), partial(_set_team, post=post))

    def _registry(self) -> Iterator[Deed]:
        """The talents: of every employer as many as the leaders of its unit serve, then those of class A."""
        place = len(self.served)
        told: list[dict[str, Any]] = []
        for post in (*CLASS_A, *CLASS_B):
            there = [one for one in EMPLOYERS if post.klass == "A" or one.unit == post.unit]
            for n in range(liaisons.QUOTAS[post.klass] - post.short):
                place += 1
                who = self._talent(told, place, there[(place + n) % len(there)])
                self.pairs.append(Pair(post, who, 6, self.ends.get(post.key, self.last)))
        for n in range(6):
            place += 1
            self.others.append(self._talent(told, place, EMPLOYERS[n * 2], type=5 if n < 2 else None))
        for first in range(0, len(told), 20):
            yield Deed(self.at(0, 9.3 + first / 200), partial(_add_talents, told=told[first : first + 20]))
        leads = [(self.pairs[0].talent.id, self.pairs[1].talent.id), (self.pairs[-1].talent.id, self.others[-1].id)]
        yield Deed(self.at(1, 15), partial(_add_teams, leads=leads))
        # one talent with two leaders, of either class
        twice = next(pair for pair in self.pairs if pair.post.key == "b-sci-2")
        self.pairs.append(replace(twice, talent=self.served["T0003"]))
        for name, one in zip(_first_posts(), ("leader", "程望津", "温如故"), strict=True):
            ours = [two for two in served() if two.leader_id == str(derived("leader", one))]
            self.pairs += [Pair(name, self.served[two.id], 0, self.last) for two in ours]

    def _talent(self, told: list[dict[str, Any]], place: int, employer: Employer, **more: int | None) -> Served:
        category, kind, recognition = cast.RECOGNITIONS[place % len(cast.RECOGNITIONS)]
        if more.get("type"):
            category, kind, recognition = None, more["type"], ""
        who = Served(f"T{place:04d}", next(self.names), employer.name, employer.fields)
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
                "recognition_expires_on": self.days[self.last - 60] if place == 17 and kind is None else None,
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

    def _rosters(self) -> Iterator[Deed]:
        """That of class A by the Talent Office, those of class B by each unit, filed with the Talent Office."""
        year = self.days[0].year
        scopes = [("A", "office"), *((unit, f"liaison-{unit}") for unit in cast.MEMBER_UNITS)]
        for place, (scope, who) in enumerate(scopes):
            case = ids.derive(SPACE, f"roster:{self.seed}:{scope}")
            items = [
                {
                    "leader_id": str(derived("leader", pair.post.key)),
                    "talent_id": pair.talent.id,
                    "reason": self._reason(pair),
                    "note": "主管领域和研究方向一致" if pair.post.klass == "B" else None,
                }
                for pair in self.pairs
                if (pair.post.klass == "A") == (scope == "A") and (scope == "A" or pair.post.unit == scope)
            ]
            suffix = "a" if scope == "A" else "b"
            number = f"演示名单〔{year}〕{place + 1}号"
            hour = 9.2 + place / 4
            yield Deed(self.at(2, hour), partial(_draft, scope=scope, who=who, items=items, case=case))
            begin = "start_district_list" if scope == "A" else "start_unit_list"
            yield Deed(self.at(2, hour + 0.1), partial(_do, case=case, step=begin, who=who, data={}))
            yield Deed(self.at(3, hour), partial(_do, case=case, step=f"draft_{suffix}", who=who, data={}))
            told = {"decision": "decide", "document_no": number, "decided_on": self.days[4].isoformat()}
            yield Deed(self.at(4, hour), partial(_do, case=case, step=f"decide_{suffix}", who=who, data=told))
            if scope != "A":
                filed = {"filed_on": self.days[5].isoformat()}
                yield Deed(self.at(5, hour), partial(_do, case=case, step="file_list", who="office", data=filed))

    def _reason(self, pair: Pair) -> str:
        if pair.post.klass == "B":
            return "related"
        return self.chance.choice(("portfolio", "stationed", "platform", "known"))

    def _handovers(self) -> Iterator[Deed]:
        """A post of class B that ended with a handover; one of class A whose links the Talent Office still holds."""
        gone = self.ends[LEAVER]
        yield Deed(self.at(gone + 1, 9.5), partial(_end, key=LEAVER, ends_on=self.days[gone]))
        yield Deed(self.at(self.begins[SUCCESSOR], 9.5), partial(_take_post, key=SUCCESSOR))
        taken = gone + 6
        told = {
            "successor_id": str(derived("leader", SUCCESSOR)),
            "starts_on": self.days[taken].isoformat(),
            "note": "联系对象情况和在办事项已当面交接。",
        }
        yield Deed(self.at(taken, 9.5), partial(_hand_over, step="plan_b", who="liaison-edu", data=told))
        filed = {"filed_on": self.days[taken + 1].isoformat()}
        yield Deed(self.at(taken + 1, 10), partial(_hand_over, step="file_handover", who="office", data=filed))
        successor = _post(SUCCESSOR)
        moved = [pair for pair in self.pairs if pair.post.key == LEAVER]
        self.pairs += [Pair(successor, pair.talent, taken, self.last) for pair in moved]
        gone = self.ends[HELD]
        yield Deed(self.at(gone + 1, 9.5), partial(_end, key=HELD, ends_on=self.days[gone]))

    def _newcomer(self) -> Iterator[Deed]:
        """A new leader of class B has no service team yet: what is proposed waits, and so does the unit's next list."""
        yield Deed(self.at(self.begins[NEWCOMER], 9.5), partial(_take_post, key=NEWCOMER, team=False))
        for place, who in enumerate(self.others[2:4]):
            yield Deed(
                self.at(self.last - 10, 10 + place), partial(_propose, key=NEWCOMER, talent=who.id, unit="finance")
            )
        # of the open-ended group, not approved: waits too
        yield Deed(
            self.at(self.last - 9, 11), partial(_propose, key="b-police-2", talent=self.others[0].id, unit="police")
        )

    # --- Contacts ----------------------------------------------------------------------------------------------------

    def _contacts(self) -> Iterator[Deed]:
        """Interviews of class B and what else there is, entered in time or late."""
        forms = iter(FORMS * len(self.pairs))
        this_year = next(n for n, day in enumerate(self.days) if day.year == self.days[-1].year)
        for place, pair in enumerate(self.pairs):
            since, until = max(pair.since + 2, 8), pair.until
            if pair.post.klass == "B":
                wanted = (0, 1)[place % 2] if place % 7 == 0 else 2
                begin = max(since, this_year)
                for _ in range(wanted if until > begin else 0):
                    yield from self._contact(pair, "visit", self.chance.randint(begin, until))
            for _ in range(1 + (place % 3 == 0) if until > since else 0):
                yield from self._contact(pair, next(forms), self.chance.randint(since, until))

    def _contact(self, pair: Pair, form: str, day: int) -> Iterator[Deed]:
        chance = self.chance
        late = chance.random() < 0.12
        entered = day + chance.randint(*(LATE_DAYS if late else IN_TIME))
        inbound = form in ("letter", "phone") and chance.random() < 0.3
        opinion = chance.choice(cast.OPINIONS) if chance.random() < 0.35 else None
        private = form == "visit" and chance.random() < 0.15
        topics = sorted({chance.randint(1, 4), *({4} if private else ()), *({2} if opinion else ())})
        told: dict[str, Any] = {
            "form": form,
            "held_on": self.days[day],
            "topics": topics,
            "summary": _say(chance.choice(cast.SUMMARIES[form]), pair.talent),
            "place": pair.talent.employer if form == "visit" else None,
            "follow_up": chance.choice(cast.FOLLOW_UPS) if chance.random() < 0.4 else None,
            "restricted": chance.choice(cast.RESTRICTED) if private else None,
            "inbound": inbound,
            "tags": ["stationed"] if form == "visit" and chance.random() < 0.2 else [],
            "opinions": [{"talent_id": pair.talent.id, "text": opinion}] if opinion else [],
        }
        if entered > self.last:
            return  # nobody has got round to it yet
        contact_id = ids.derive(SPACE, f"contact:{self.seed}:{chance.getrandbits(64)}")
        who = _officer(pair.post)
        yield Deed(
            self.at(entered, self.hour() + 0.2),
            partial(
                _record,
                told=told,
                post=pair.post,
                talent_ids=[pair.talent.id],
                id=contact_id,
                who=who,
                at=self.calendar,
            ),
        )
        outcome = chance.random()
        if opinion and outcome < 0.7:
            answered = min(entered + chance.randint(2, 12), self.last)
            answer = chance.choice(cast.ANSWERS) if outcome < 0.5 else None
            yield Deed(self.at(answered, 17.6), partial(_answer, contact=contact_id, answer=answer, who=who))

    def _needs(self) -> Iterator[Deed]:
        """What a talent said to the leader, and the case that it became."""
        chosen = {case.talent.id: case for case in self.cases if clock.local(case.begins).date() > self.days[20]}
        for case in list(chosen.values())[:10]:
            begins = clock.local(case.begins)
            told_on = self.calendar.add(begins.date(), -1).due
            contact_id = ids.derive(SPACE, f"contact:{self.seed}:case:{case.place}")
            post = next(post for post in _first_posts() if str(derived("leader", post.key)) == case.talent.leader_id)
            told = {
                "form": "visit",
                "held_on": told_on,
                "topics": [2, 4],
                "summary": f"到{case.talent.employer}走访{case.talent.name}，听取工作、生活中需要协调的事项。",
                "opinions": [{"talent_id": case.talent.id, "text": case.say(case.matter.description)}],
            }
            who = "leader" if post.key == "leader" else _officer(post)
            yield Deed(
                self.on(told_on, 17.1),
                partial(
                    _record, told=told, post=post, talent_ids=[case.talent.id], id=contact_id, who=who, at=self.calendar
                ),
            )
            yield Deed(
                case.begins + timedelta(minutes=5), partial(_become, contact=contact_id, instance=case.instance_id)
            )

    def _activities(self) -> Iterator[Deed]:
        """A symposium and a consultation that were held, and an activity to come."""
        guests = [pair.talent.id for pair in self.pairs if pair.post.klass == "A"][:14]
        plans = (
            ("高层次人才座谈会", "symposium", OFFICE_UNIT, 40, "office"),
            ("产业规划专家咨询会", "consultation", "sci", self.last - 60, "liaison-sci"),
        )
        for place, (name, kind, unit, day, who) in enumerate(plans):
            activity = derived("activity", f"{self.seed}:{place}")
            told = {"name": f"{name}（演示）", "kind": kind, "organizer_unit": unit, "held_on": self.days[day]}
            invited = guests[place * 4 :]
            yield Deed(self.at(day - 6), partial(_hold, told=told, activity=activity, invited=invited, who=who))
            came: dict[str, bool | None] = {one: n % 4 != 3 for n, one in enumerate(invited)}
            yield Deed(self.at(day + 1), partial(_attended, activity=activity, came=came, who=who))
            post = _first_posts()[place]
            mine = [pair.talent.id for pair in self.pairs if pair.post == post]
            said = {
                "form": "symposium" if place == 0 else "activity",
                "held_on": self.days[day],
                "topics": [1, 2],
                "summary": cast.SUMMARIES["symposium"][0],
                "activity_id": activity,
            }
            contact_id = derived("contact", f"{self.seed}:activity:{place}")
            yield Deed(
                self.at(day + 1, 15),
                partial(
                    _record, told=said, post=post, talent_ids=mine, id=contact_id, who=_officer(post), at=self.calendar
                ),
            )
        held_on = self.calendar.add(self.days[-1], 8).due
        told = {"name": "人才政策宣讲会（演示）", "kind": "activity", "organizer_unit": "hrss", "held_on": held_on}
        activity = derived("activity", f"{self.seed}:next")
        yield Deed(
            self.at(self.last - 4), partial(_hold, told=told, activity=activity, invited=guests, who="liaison-hrss")
        )

    def _matters(self) -> Iterator[Deed]:
        for place, (unit, title, description, result) in enumerate(cast.MATTERS):
            who = next(pair.talent for pair in self.pairs if pair.post.unit == unit and pair.post.klass == "B")
            day = 30 + place * (self.last - 50) // len(cast.MATTERS)
            matter = derived("matter", f"{self.seed}:{place}")
            told = {"unit_code": unit, "talent_id": who.id, "title": title, "description": _say(description, who)}
            yield Deed(
                self.at(day, 11), partial(_note_matter, told=told, matter=matter, raised_on=self.days[day], unit=unit)
            )
            if result:
                yield Deed(self.at(day + 4, 15), partial(_solve, matter=matter, result=result, unit=unit))

    # --- The registry, reports, briefs -------------------------------------------------------------------------------

    def _registry_changes(self) -> Iterator[Deed]:
        """An approval, an award, a talent who leaves the district, files that their units confirm."""
        approved, left = self.others[1], self.others[5]
        awarded = self.pairs[2].talent
        yield Deed(self.at(12), partial(_approve, talent=approved.id))
        award = {"recognition": "区突出贡献人才（演示）", "recognition_no": "演示表彰〔2026〕1号"}
        yield Deed(self.at(90), partial(_update, talent=awarded.id, changes=award, source="重大事项报告：获得表彰"))
        gone = {"in_district": False, "works_until": self.days[self.last - 30]}
        source = "重大事项报告：工作变动"
        yield Deed(self.at(self.last - 28), partial(_update, talent=left.id, changes=gone, source=source))
        away = next(pair.talent for pair in self.pairs if pair.post.key == "b-health-3")
        yield Deed(self.at(self.last - 27), partial(_update, talent=away.id, changes=gone, source=source))
        for place, unit in enumerate(cast.MEMBER_UNITS[:6]):
            yield Deed(self.at(100 + place, 14), partial(_confirm, unit=unit))

    def _reports(self) -> Iterator[Deed]:
        """Two half-year rounds; of the newer one a report is returned, one late, one missing."""
        for back, (year, half) in enumerate(_halves(self.days[-1])):
            case = ids.derive(SPACE, f"half-year:{self.seed}:{year}:{half}")
            after = self.calendar.add(contacts.period_of(year, half)[1], 1).due
            if after <= self.days[6] or after > self.days[-1]:
                continue

            def on(days: int, hour: float, after: date = after) -> datetime:
                return self.on(self.calendar.add(after, days).due if days else after, hour)

            data: dict[str, Any] = {"year": year, "half": half}
            yield Deed(on(0, 9.1), partial(_begin, process="half_year_report", case=case))
            yield Deed(on(0, 9.2), partial(_do, case=case, step="choose_period", who="office", data=data))
            for place, unit in enumerate((*cast.OFFICES, *cast.MEMBER_UNITS)):
                yield from self._report(case, unit, place, newest=back == 0, on=on)
            if back:
                told = {"summary": "各单位均已报送，联系服务工作总体平稳，意见建议已分类转办。"}
                yield Deed(on(16, 10), partial(_do, case=case, step="roll_up", who="office", data=told))

    def _report(
        self, case: UUID, unit: str, place: int, *, newest: bool, on: Callable[[int, float], datetime]
    ) -> Iterator[Deed]:
        words = {
            "work": "本期按名单开展走访约见和电话、网络联系，及时登记联系情况，收集的意见建议均已分类处理。",
            "plans": "下一期继续落实访谈要求，做好需求跟踪和政策宣传。",
        }
        submit = partial(_do, case=case, step="submit_half_year", who=f"liaison-{unit}", unit=unit, data=words)
        review = partial(_do, case=case, step="review_report", who="office", unit=unit)
        back = {"decision": "return", "reason": "请补充意见建议的办理情况。"}
        if newest and unit == "police":
            return  # missing
        days = 13 if newest and unit == "housing" else 3 + place % 5
        yield Deed(on(days, 10 + place / 5), submit)
        if newest and unit == "health":
            yield Deed(on(days + 1, 10 + place / 5), partial(review, data=back))
            return  # still to be mended
        if unit == "edu":
            yield Deed(on(days + 1, 9.5), partial(review, data=back))
            yield Deed(on(days + 1, 15.5), submit)
        yield Deed(on(days + 1, 16 + place / 20), partial(review, data={"decision": "accept"}))

    def _briefs(self) -> Iterator[Deed]:
        """Of the month before: two released, of which one was read, and one that is being worded."""
        before = self.days[-1].replace(day=1) - timedelta(days=1)
        for place, key in enumerate(("leader", "程望津", "温如故")):
            brief = partial(_brief, key=key, year=before.year, month=before.month, release=place < 2, read=place == 0)
            yield Deed(self.at(self.last - 2, 10 + place), brief)


# --- What is done ----------------------------------------------------------------------------------------------------


def _office(session: Session) -> Actor:
    return actor_of(session, "office")


def _officer(post: Post) -> str:
    return f"liaison-{post.unit}"


def _say(text: str, who: Served) -> str:
    return text.format(who=who.name, employer=who.employer, fields=who.fields)


def _first_posts() -> tuple[Post, ...]:
    """The posts of the organization's three leaders."""
    offices = {"leader": "district_office", "程望津": "district_office", "温如故": "cppcc_office"}
    return tuple(Post(key, "A", unit, "", cast.PORTFOLIOS[key]) for key, unit in offices.items())


def _late_posts() -> dict[str, Post]:
    return {
        SUCCESSOR: Post(SUCCESSOR, "B", "edu", "副局长", "职业教育、院校合作、人才工作", duty="talent"),
        NEWCOMER: Post(NEWCOMER, "B", "finance", "副局长", "财政金融、产业基金", duty="talent"),
    }


def _post(key: str) -> Post:
    known = {post.key: post for post in (*CLASS_A, *CLASS_B)} | _late_posts()
    return known[key]


def _halves(last: date) -> list[tuple[int, int]]:
    """The two half-years that have ended before ``last``, the newer first."""
    year, half = contacts.half_of(last)
    newer = (year, 1) if half == 2 else (year - 1, 2)
    older = (newer[0], 1) if newer[1] == 2 else (newer[0] - 1, 2)
    return [newer, older]


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
        session.flush()  # before a role is granted: that reads the account anew
        auth.grant_role(
            session, username=username, role="liaison", unit_code=unit, starts_on=since, actor=SYSTEM, now=now
        )
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
            actor=_office(session),
            now=clock.now(),
        )
    for post, name in posts:
        _add_leader(session, post, name, since)


def _add_leader(session: Session, post: Post, name: str, since: date) -> None:
    person_id = derived("person", post.person or post.key)
    if not post.person:
        people.add_person(
            session,
            person_id=person_id,
            name=name,
            unit_code=post.unit,
            post=post.post,
            actor=SYSTEM,
            now=clock.now(),
        )
    people.add_leader(
        session,
        person_id=person_id,
        klass=post.klass,
        body=post.body,
        unit_code=post.unit,
        duty=post.duty,
        post=post.post,
        portfolio=post.portfolio,
        starts_on=since,
        leader_id=derived("leader", post.key),
        actor=_office(session),
        now=clock.now(),
    )


def _set_team(session: Session, *, post: Post) -> None:
    """The leader heads it; of class A heads of departments work in it, of class B the unit's heads of sections."""
    if post.klass == "A":
        members = [derived("person", "b-hrss-1"), derived("person", "b-sci-1"), derived("person", "office")]
    else:
        members = [derived("person", f"{post.unit}:{section}") for section in ("人才科科长", "办公室主任")]
    liaisons.set_service_team(
        session,
        leader_id=derived("leader", post.key),
        head_id=derived("person", post.person or post.key),
        liaison_id=derived("person", _officer(post)),
        members=[{"person_id": str(member)} for member in members],
        starts_on=clock.today(),
        actor=_office(session),
        now=clock.now(),
    )


def _take_post(session: Session, *, key: str, team: bool = True) -> None:
    """A new leader of class B; the name is that of nobody else here."""
    name = {SUCCESSOR: "第五知秋", NEWCOMER: "第五观海"}[key]
    _add_leader(session, _post(key), name, clock.today())
    if team:
        _set_team(session, post=_post(key))


def _add_talents(session: Session, *, told: Sequence[Mapping[str, Any]]) -> None:
    for one in told:
        talents.add_talent(session, **one, actor=_office(session), now=clock.now())


def _add_teams(session: Session, *, leads: Sequence[tuple[str, str]]) -> None:
    for place, (lead, member) in enumerate(leads):
        talents.add_team(
            session,
            name=f"{('星槎', '云帆')[place]}创新团队（演示）",
            lead_id=lead,
            team_id=derived("team", str(place)),
            fields=("智能制造", "生物医药")[place],
            members=[{"talent_id": member, "post": "核心成员"}, {"name": f"演示成员{place + 1}", "post": "工程师"}],
            actor=_office(session),
            now=clock.now(),
        )


def _draft(session: Session, *, scope: str, who: str, items: Sequence[Mapping[str, Any]], case: UUID) -> None:
    actor = actor_of(session, who)
    liaisons.draft_roster(session, scope=scope, items=items, note="年度名单（演示）", actor=actor, now=clock.now())
    commands.start(session, process="roster", data={}, actor=actor, now=clock.now(), instance_id=case)


def _begin(session: Session, *, process: str, case: UUID) -> None:
    commands.start(session, process=process, data={}, actor=_office(session), now=clock.now(), instance_id=case)


def _do(session: Session, *, case: UUID, step: str, who: str, data: Mapping[str, Any], unit: str | None = None) -> None:
    """``who`` completes the open step of the case; for ``unit`` where each has its own."""
    rows = [row for row in open_tasks(session, case) if row.task == step and unit in (None, row.unit, row.slot)]
    commands.complete(session, task_id=rows[0].id, data=data, actor=actor_of(session, who), now=clock.now())


def _end(session: Session, *, key: str, ends_on: date) -> None:
    end_post(session, leader_id=derived("leader", key), ends_on=ends_on, actor=_office(session), now=clock.now())


def _hand_over(session: Session, *, step: str, who: str, data: Mapping[str, Any]) -> None:
    """Somebody completes a step of the handover that the end of the post has opened."""
    mine = select(Instance.id).where(
        Instance.process == "liaison_change", Instance.leader_id == str(derived("leader", LEAVER))
    )
    _do(session, case=session.scalars(mine).one(), step=step, who=who, data=data)


def _propose(session: Session, *, key: str, talent: str, unit: str) -> None:
    liaisons.propose_link(
        session,
        leader_id=derived("leader", key),
        talent_id=talent,
        reason="related",
        note="研究方向与分管业务相关",
        starts_on=clock.today(),
        actor=actor_of(session, f"liaison-{unit}"),
        now=clock.now(),
    )


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
        session, opinion_id=_opinion(contact), instance_id=instance, actor=_office(session), now=clock.now()
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


def _approve(session: Session, *, talent: str) -> None:
    talents.approve_type(session, talent_id=talent, approved_on=clock.today(), actor=_office(session), now=clock.now())


def _update(session: Session, *, talent: str, changes: Mapping[str, object], source: str) -> None:
    talents.update_talent(
        session, talent_id=talent, changes=changes, source=source, actor=_office(session), now=clock.now()
    )


def _confirm(session: Session, *, unit: str) -> None:
    mine = select(Talent.id).where(Talent.employer_unit == unit).order_by(Talent.id)
    actor = actor_of(session, f"liaison-{unit}")
    for talent_id in session.scalars(mine).all():
        talents.confirm_talent(session, talent_id=talent_id, on=clock.today(), actor=actor, now=clock.now())


def _brief(session: Session, *, key: str, year: int, month: int, release: bool, read: bool) -> None:
    leader_id, office, now = derived("leader", key), _office(session), clock.now()
    starts_on = date(year, month, 1)
    ends_on = (starts_on + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    needs = leader_needs(session, leader_id=leader_id, starts_on=starts_on, ends_on=ends_on)
    brief = reports.draft_brief(
        session, leader_id=leader_id, year=year, month=month, needs=needs, actor=office, now=now
    )
    if release:
        reports.release_brief(session, brief_id=brief.id, actor=office, now=now)
    if read:
        reports.read_brief(session, brief_id=brief.id, actor=actor_of(session, "leader"), now=now)
