"""A case prints by the templates of the house that its version was deployed with, whatever becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service import clock, documents
from service.documents import Draft, print_apart
from service.errors import Incident, Invalid
from service.ledger.circulars import ACTION
from service.ledger.own_papers import templates_of
from service.processes import house_prints
from service.processes.definitions import latest
from service.processes.models import Definition, DefinitionFile
from service.processes.replay import verify
from service.processes.wiring import KEY
from service.rights import SYSTEM
from service.studio import publishing
from service.usecases import prepare
from tests.factories.bundles import unchecked
from tests.factories.databases import ON_BOTH
from tests.factories.documents import MADE_AT
from tests.factories.versions import changed, move
from tests.factories.world import CONFIG, HOME, World

FILES = changed({})
NEWER = b'#import "common.typ": *\n#show: paper.with(title: "x")\n= New form'


def change_house(world: World, **files: bytes) -> None:
    """From now on the folder of the house holds these templates instead of its own."""
    given = {**documents.house_templates(), **{f"{name}.typ": content for name, content in files.items()}}
    wired = world.database.session_info[KEY]
    world.database.session_info[KEY] = replace(wired, house_prints=lambda: given)


def released(world: World, files: Mapping[str, bytes] = FILES) -> publishing.Release:
    with world.transaction() as session:
        now = clock.now()
        return publishing.release(session, unchecked("request", files), note="新表", actor=SYSTEM, now=now)


def sheet_of(world: World) -> bytes:
    with world.database.reading() as session:
        return templates_of(session, world.case)["sheet.typ"]


def mismatches(world: World) -> list[str]:
    with world.database.reading(long=True) as session:
        return [one.what for one in verify(session)]


def test_a_changed_template_of_the_house_is_a_new_version_and_old_cases_keep_theirs(world: World) -> None:
    shipped = documents.house_templates()["sheet.typ"]
    world.recorded()
    assert released(world).outcome == publishing.SAME
    change_house(world, sheet=NEWER)
    assert sheet_of(world) == shipped
    made = released(world)
    assert made.outcome == publishing.VERSION
    assert [line.partition("（")[0] for line in made.difference.lines] == ["系统的打印模板「需求处理单」有改动"]
    assert released(world).outcome == publishing.SAME
    assert sheet_of(world) == shipped
    move(world, 2)
    assert sheet_of(world) == NEWER
    world.recorded()
    assert sheet_of(world) == NEWER
    assert mismatches(world) == []


def test_a_paper_that_the_house_gets_is_a_new_version_for_the_processes_that_have_its_step(world: World) -> None:
    fresh = b"// Sheet of the meeting\n// \xe6\xad\xa5\xe9\xaa\xa4\xef\xbc\x9aconvene_meeting\n" + NEWER
    change_house(world, meeting_sheet=fresh)
    made = released(world)
    assert (made.outcome, made.difference.lines) == (
        publishing.VERSION,
        ["新增系统的打印模板「Sheet of the meeting」"],
    )
    assert released(world).outcome == publishing.SAME
    assert house_prints.needed({"meeting_sheet.typ": fresh}, "roster", changed({}, "roster")) == {}


def test_a_process_keeps_only_what_it_prints_with_and_does_not_replace(world: World) -> None:
    house = documents.house_templates()
    mine = {f"print/{name}" for name in house}
    letters = {f"print/{name}.typ" for name in ("urge_letter", "meeting_notice", "meeting_minutes")}
    assert mine == house_prints.needed(house, "request", FILES).keys()
    assert letters | {"print/common.typ", "print/sheet.typ", "print/circular.typ"} < mine
    assert house_prints.ISSUE == ACTION
    assert house_prints.needed(house, "roster", changed({}, "roster")) == {}
    assert house_prints.needed(house, "roster", {"print/note.typ": b""}).keys() == {"print/common.typ"}
    own = {**FILES, "print/sheet.typ": NEWER}
    assert house_prints.needed(house, "request", own).keys() == mine - {"print/sheet.typ"}
    made = released(world, own)
    assert (made.outcome, made.difference.lines) == (publishing.VERSION, ["新增打印模板「sheet.typ」"])
    change_house(world, sheet=b"// other")
    assert released(world, own).outcome == publishing.SAME, "it prints by its own"


@ON_BOTH
def test_versions_of_before_get_the_templates_of_the_upgrade_once(world: World) -> None:
    world.recorded()
    with world.transaction() as session:
        session.execute(update(Definition).values(prints=None))
    change_house(world, sheet=NEWER)
    assert sheet_of(world) == NEWER
    assert released(world).outcome == publishing.SAME, "what it printed with is not known"
    with world.transaction() as session:
        told = _prepared(session, world)
    assert told[0].endswith("个流程版本记下了所用的系统打印模板，以后照此打印")
    change_house(world)
    assert sheet_of(world) == NEWER
    with world.transaction() as session:
        assert _prepared(session, world) == []
        assert latest(session, "roster").prints is None


def _prepared(session: Session, world: World) -> list[str]:
    house = {"settings": world.settings, "organization": world.organization, "config": CONFIG, "home": HOME}
    return prepare(session, **house, now=clock.now())


@ON_BOTH
def test_verification_names_templates_that_were_tampered_with(world: World) -> None:
    with world.transaction() as session:
        digest = latest(session, "request").prints
        mine = (DefinitionFile.digest == digest, DefinitionFile.name == "print/sheet.typ")
        assert session.scalar(select(DefinitionFile.content).where(*mine)) is not None
        session.execute(update(DefinitionFile).where(*mine).values(content=NEWER))
    assert "第 1 版所用的系统打印模板与摘要不符" in mismatches(world)
    with world.transaction() as session:
        session.execute(update(Definition).where(Definition.key == "request").values(prints=None))
    assert any("prints" in one for one in mismatches(world))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("#for n in range(600) [#n #pagebreak()]", "超过 500 页"),
        ("#let n = 1\n#while n > 0 { n = n + 1 }", "infinite"),
    ],
)
def test_a_paper_that_never_ends_is_stopped_and_says_whom_to_tell(body: str, why: str) -> None:
    files = {**documents.house_templates(), "long.typ": f'#import "common.typ": *\n{body}'.encode()}
    with pytest.raises(Incident, match=f"打印模板 long.typ 印不出来.*{why}.*请联系流程管理员"):
        print_apart(Draft(files, "long", {}, MADE_AT))


def test_a_template_of_the_house_with_an_unknown_name_is_refused_with_its_line_and_nothing_is_published(
    world: World,
) -> None:
    shipped = documents.house_templates()["urge_letter.typ"]
    change_house(world, urge_letter=shipped + b"\n#data.no_such_fact\n")
    line = shipped.count(b"\n") + 2
    with pytest.raises(Invalid, match=rf"urge_letter\.typ 有误：第 {line} 行，.*no_such_fact") as told:
        released(world)
    assert [one.path for one in told.value.findings] == [f"forms/print/urge_letter.typ:{line}"]
    with world.database.reading() as session:
        assert latest(session, "request").version == 1
    change_house(world)
    assert released(world).outcome == publishing.SAME


def test_a_paper_of_a_step_that_prints_a_field_which_no_form_has_is_refused_with_its_line(world: World) -> None:
    """A field that was not filled in prints as nothing: misspelled, a meeting would have no date on any notice."""
    shipped = documents.house_templates()["meeting_notice.typ"]
    wrong = shipped.replace(b'said("held_on")', b'said("held_no")')
    line = shipped[: shipped.index(b'said("held_on")')].count(b"\n") + 1
    change_house(world, meeting_notice=wrong)
    with pytest.raises(Invalid, match=rf"第 {line} 行 said\(.*没有“held_no”这项内容。是否想写 held_on？") as told:
        released(world)
    assert [one.path for one in told.value.findings] == [f"forms/print/meeting_notice.typ:{line}"]
    change_house(world, meeting_notice=shipped + '\n// said("…") 是所填的内容\n'.encode())
    assert released(world).outcome == publishing.VERSION
