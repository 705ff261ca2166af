"""The sheet of past contacts: what an office kept in its papers before it kept it here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from service import clock
from service.contacts import record_contact
from service.contacts.fields import CONTACT
from service.contacts.rules import FORMS, INBOUND_FORMS
from service.exchange.cells import Column, columns_of
from service.exchange.lookups import Basis, Gathered, Lookups, Mark, Twin, Values, day_of, refused, turned
from service.fields import chosen
from service.processes import calendars
from service.talents.models import Talent


def past_contact_columns(basis: Basis) -> Sequence[Column]:
    tags = {code: str(word) for code, word in basis.contacts.tags.items()}
    known = {one.key: one for one in columns_of(chosen(CONTACT, tags=tags))}
    return (
        Column("leader", "领导姓名", True, example="王五"),
        Column("leader_post", "领导职务", help="同名或一人多职时填写职务或单位名称，以区分"),
        Column("talents", "联系对象", True, "many", help="人才编号或姓名，多人用“、”分开", example="T0001、T0002"),
        known["held_on"],
        known["inbound"],
        replace(known["form"], choices=turned(FORMS) | turned(INBOUND_FORMS)),
        known["topics"],
        replace(known["interview"], help="不填时，走访约见计入，其他不计"),
        known["place"],
        known["participants"],
        known["summary"],
        Column("opinions", "意见建议", help="一行一条（单元格内换行）；联系对象不止一人时写成“姓名：内容”"),
        known["follow_up"],
        known["tags"],
        replace(known["restricted"], hidden=True),
    )


def take_past_contact(lookups: Lookups, row: Values) -> object:
    found = Gathered()
    held_on = day_of(row["held_on"])
    leader = found.of(lambda: lookups.leader(row["leader"], row["leader_post"], held_on), None)
    served: list[Talent] = []
    nobody: list[Talent] = []
    for word in row["talents"] or ():
        served += found.of(partial(_served, lookups, word), nobody)
    names = {name: talent.id for talent in served for name in (talent.id, talent.name)}
    unsaid: list[dict[str, str]] = []
    opinions = found.of(lambda: _opinions(row["opinions"], names), unsaid)
    found.of(
        lambda: record_contact(
            lookups.session,
            leader_id=leader.id if leader else "",
            talent_ids=[talent.id for talent in served],
            form=row["form"],
            held_on=held_on or clock.local(lookups.now).date(),
            topics=row["topics"] or (),
            summary=row["summary"],
            place=row["place"],
            participants=row["participants"],
            follow_up=row["follow_up"],
            tags=row["tags"] or (),
            opinions=opinions,
            restricted=row["restricted"],
            inbound=row["inbound"] is True,
            interview=row["interview"],
            known_tags=lookups.basis.contacts.tags,
            entry_days=lookups.basis.contacts.entry_days,
            supplementary=True,
            calendar=calendars.current(lookups.session),
            actor=lookups.actor,
            now=lookups.now,
        ),
        None,
    )
    found.done()
    return row


def _served(lookups: Lookups, word: str) -> list[Talent]:
    return [lookups.talent(word, path="/talents")]


def _opinions(text: str | None, names: Mapping[str, str]) -> list[dict[str, str]]:
    """One opinion a line; with several talents each line begins with whose it is."""
    said = []
    for line in filter(None, map(str.strip, (text or "").splitlines())):
        who, mark, what = line.replace(":", "：", 1).partition("：")
        if mark and who.strip() in names:
            said.append({"talent_id": names[who.strip()], "text": what.strip()})
        elif len(set(names.values())) == 1:
            said.append({"talent_id": next(iter(names.values())), "text": line})
        elif names:
            raise refused("/opinions", f"“{line[:20]}”不知是谁提出的，请写成“姓名：内容”，姓名须是该行的联系对象")
    return said


def past_contact_twin(lookups: Lookups, number: int, row: Values) -> Twin | None:
    leader = lookups.leader(row["leader"], row["leader_post"], day_of(row["held_on"]))
    who = frozenset(lookups.talent(one).id for one in row["talents"])
    mark = Mark(
        (leader.id, who, row["held_on"], row["form"], row["summary"]), ("summary", "leader", "talents", "held_on")
    )
    return lookups.seen(number, mark)
