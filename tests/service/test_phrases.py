"""常用语 of a person and of a unit: added, changed, removed, used last first, each to who may."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from service import clock
from service.errors import Conflict, Invalid, NotAllowed, NotFound
from service.people import phrases
from tests.factories.visitor import Visitor
from tests.factories.world import OFFICE, World

EDU = "handler-edu"


def do(world: World, user: str, what: Any, **said: Any) -> Any:
    actor = world.actor(user)
    with world.transaction() as session:
        made = what(session, actor=actor, now=clock.now(), **said)
        return getattr(made, "id", None)


def texts(world: World, user: str) -> list[str]:
    with world.database.reading() as session:
        return [one.text for one in phrases.phrases_of(session, world.actor(user))]


def test_the_phrase_used_last_stands_first_for_who_used_it(world: World) -> None:
    shared = do(world, OFFICE, phrases.add_phrase, text="请于期限内办理并回复", shared=True)
    do(world, OFFICE, phrases.add_phrase, text="同意")
    assert sorted(texts(world, OFFICE)) == ["同意", "请于期限内办理并回复"]
    world.clock.advance(hours=1)
    do(world, OFFICE, phrases.note_used, phrase_id=shared)
    assert texts(world, OFFICE) == ["请于期限内办理并回复", "同意"]
    assert texts(world, "office-2") == ["请于期限内办理并回复"]
    assert texts(world, EDU) == []
    with pytest.raises(NotFound):
        do(world, EDU, phrases.note_used, phrase_id=shared)


def test_a_persons_own_is_nobody_elses_and_a_units_is_for_its_keepers(world: World) -> None:
    own = do(world, OFFICE, phrases.add_phrase, text="同意")
    shared = do(world, EDU, phrases.add_phrase, text="已协调解决", shared=True)
    for user, key in (("office-2", own), (EDU, own), (OFFICE, shared)):
        with pytest.raises(NotFound):
            do(world, user, phrases.change_phrase, phrase_id=key, text="改")
        with pytest.raises(NotFound):
            do(world, user, phrases.remove_phrase, phrase_id=key)
    with pytest.raises(NotAllowed):
        do(world, "auditor", phrases.add_phrase, text="公用", shared=True)
    do(world, EDU, phrases.change_phrase, phrase_id=shared, text="已协调办结")
    assert texts(world, EDU) == ["已协调办结"]
    do(world, EDU, phrases.note_used, phrase_id=shared)
    do(world, EDU, phrases.remove_phrase, phrase_id=shared)
    assert texts(world, EDU) == []


@pytest.mark.parametrize("text", ["", "  ", "字" * 1001, "\x00"])
def test_a_bad_phrase_is_refused_at_its_field(world: World, text: str) -> None:
    with pytest.raises(Invalid) as caught:
        do(world, OFFICE, phrases.add_phrase, text=text)
    assert [finding.path for finding in caught.value.findings] == ["/text"]


def test_the_same_words_are_kept_once_and_not_without_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    do(world, OFFICE, phrases.add_phrase, text="同意")
    with pytest.raises(Conflict, match="同样"):
        do(world, OFFICE, phrases.add_phrase, text=" 同意 ")
    monkeypatch.setattr(phrases, "MOST", 1)
    with pytest.raises(Conflict, match="最多"):
        do(world, OFFICE, phrases.add_phrase, text="不同意")


def test_pages_and_calls_keep_and_give_them(world: World) -> None:
    office = Visitor(world, OFFICE)
    office.post("/phrases", text="请抓紧办理", shared="yes")
    assert "请抓紧办理" in office.get("/phrases").text
    [choice] = office.get("/phrases/choices").json["items"]
    assert (choice["text"], choice["shared"]) == ("请抓紧办理", True)
    assert office.post(choice["address"]).status_code == 200
    [item] = world.api(OFFICE).get("/phrases").json["items"]
    assert item["used_at"] is not None
    key = UUID(item["id"])
    assert world.api(OFFICE).post(f"/phrases/{key}", {"text": "请尽快办理"}).json["items"][0]["text"] == "请尽快办理"
    assert world.api("office-2").post(f"/phrases/{key}/use").json["items"][0]["editable"] is True
    assert world.api(EDU).post(f"/phrases/{key}/remove").status_code == 404
    assert world.api(OFFICE).post(f"/phrases/{key}/remove").json["items"] == []
