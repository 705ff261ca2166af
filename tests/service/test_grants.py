"""Nobody gives a right to oneself, and the directory of people is for the staff."""

from __future__ import annotations

from uuid import UUID

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from service import auth, clock, people
from service.auth.models import Account
from service.cli import liaison
from service.db import Database
from service.errors import NotAllowed
from service.history import HistoryEvent
from service.people import posts, units
from service.people.models import Substitute
from service.rights import COMMAND_LINE, SYSTEM
from tests.factories.visitor import Visitor
from tests.factories.world import World


def person_of(world: World, username: str) -> UUID:
    with world.database.reading() as session:
        found = session.scalar(select(Account.person_id).where(Account.username == username))
    assert found is not None
    return found


def without_staff_role(world: World, role: str | None) -> str:
    """A person of the education bureau with an account, as an employer's or without any role."""
    with world.transaction() as session:
        known = people.add_person(
            session, name="余知返", unit_code="edu", phone="0757-81234567", actor=SYSTEM, now=clock.now()
        )
        auth.add_user(session, username="outsider", person_id=known.id, actor=SYSTEM, now=clock.now())
        if role is not None:
            auth.grant_role(session, username="outsider", role=role, unit_code="edu", actor=SYSTEM, now=clock.now())
    return "outsider"


def declared(world: World) -> list[tuple[UUID, UUID]]:
    with world.database.reading() as session:
        return [(one.person_id, one.substitute_id) for one in session.scalars(select(Substitute))]


# --- Grants ---


def test_an_administrator_grants_nothing_to_the_own_account(world: World) -> None:
    admin = Visitor(world, "admin")
    before = world.actor("admin").grants
    fields = {"role": "talent_office", "starts_on": clock.today().isoformat()}
    refused = admin.submit("/accounts/admin/roles", **fields)
    assert refused.status_code == 403
    assert "另一位管理员" in refused.text
    assert '/accounts/admin/roles"' not in admin.get("/accounts/admin").text
    assert world.actor("admin").grants == before
    assert admin.submit("/accounts/owner/roles", **fields).status_code == 302
    assert world.actor("owner").has_role("talent_office")


def test_the_command_line_may_and_the_journal_names_it(world: World) -> None:
    with world.transaction() as session:
        auth.grant_role(session, username="admin", role="auditor", actor=COMMAND_LINE, now=clock.now())
        event = session.scalars(select(HistoryEvent).where(HistoryEvent.stream == "access")).all()[-1]
        assert (event.kind, event.actor) == ("role_granted", "command-line")
    assert "命令行" in Visitor(world, "admin").get("/accounts/admin").text


def test_the_command_line_asks_for_a_word_on_namesakes(database: Database) -> None:
    runner = CliRunner(env={"LIAISON_DATABASE_URL": database.url.render_as_string(hide_password=False)})
    made = runner.invoke(
        liaison, ["user", "add", "first", "--name", "甄士隐", "--role", "admin"], input="Ruo-gu-2026\n"
    )
    assert made.exit_code == 0, made.output
    again = runner.invoke(liaison, ["user", "add", "second", "--name", "甄士隐"], input="Ruo-gu-2026\n")
    assert again.exit_code != 0
    assert "同名" in again.output
    meant = runner.invoke(liaison, ["user", "add", "second", "--name", "甄士隐", "--namesake"], input="Ruo-gu-2026\n")
    assert meant.exit_code == 0, meant.output


def test_nobody_becomes_liaison_or_leader_by_the_own_hand(world: World) -> None:
    today = clock.today()
    for user, operation in (
        ("admin", lambda session, actor, me: units.name_liaison(
            session, unit_code="edu", person_id=me, starts_on=today, actor=actor, now=clock.now())),
        ("liaison-hrss", lambda session, actor, me: posts.add_leader(
            session, klass="B", person_id=me, unit_code="hrss", duty="talent", post="副局长", starts_on=today,
            actor=actor, now=clock.now())),
    ):  # fmt: skip
        with pytest.raises(NotAllowed, match="不能为自己"), world.transaction() as session:
            operation(session, world.actor(user), person_of(world, user))
    with world.transaction() as session:
        units.name_liaison(
            session,
            unit_code="edu",
            person_id=person_of(world, "handler-edu"),
            starts_on=today,
            actor=world.actor("admin"),
            now=clock.now(),
        )


# --- Substitutes ---


def substitution(world: World, by: str, absent: str, acting: str) -> int:
    day = clock.today().isoformat()
    return (
        world.api(by)
        .post(
            "/substitutes",
            {
                "person_id": str(person_of(world, absent)),
                "substitute_id": str(person_of(world, acting)),
                "starts_on": day,
                "ends_on": day,
            },
        )
        .status_code
    )


@pytest.mark.parametrize("by", ["admin", "office", "liaison-hrss"])
def test_nobody_declares_oneself_the_substitute_of_another(world: World, by: str) -> None:
    assert substitution(world, by, "handler-hrss", by) == 403
    assert declared(world) == []
    assert substitution(world, by, "handler-hrss", "handler-hrss-2") == 201


def test_who_is_replaced_says_by_whom_and_others_only_for_their_unit(world: World) -> None:
    assert substitution(world, "handler-edu", "handler-edu", "deputy-edu") == 201
    assert substitution(world, "liaison-sci", "handler-hrss", "handler-hrss-2") == 403
    assert substitution(world, "handler-edu", "leader", "handler-edu") == 403
    me = person_of(world, "admin")
    day = clock.today().isoformat()
    absent = person_of(world, "office")
    page = Visitor(world, "admin").submit(
        f"/people/{absent}/substitutes", substitute_id=str(me), starts_on=day, ends_on=day
    )
    assert page.status_code == 403
    assert len(declared(world)) == 1


# --- The directory ---

PAGES = ("/people", "/people.xlsx", "/leaders", "/leaders.xlsx", "/liaison-officers", "/liaison-officers.xlsx",
         "/substitutes", "/substitutes.xlsx", "/lookup/accounts")  # fmt: skip
CALLS = ("/people", "/leaders", "/liaisons", "/substitutes", "/units/edu/history")


@pytest.mark.parametrize("role", ["employer", None])
def test_the_directory_of_people_is_for_the_staff(world: World, role: str | None) -> None:
    user = without_staff_role(world, role)
    page, api = Visitor(world, user), world.api(user)
    for path in PAGES:
        assert page.get(path).status_code == 403, path
        assert Visitor(world, "handler-edu").get(path).status_code == 200, path
    for path in CALLS:
        assert api.get(path).status_code == 403, path
    other, me, missing = person_of(world, "handler-edu"), person_of(world, user), UUID(int=7)
    for one, status in ((other, 404), (missing, 404), (me, 200)):
        assert page.get(f"/people/{one}").status_code == status
        assert api.get(f"/people/{one}").status_code == status
    assert page.get(f"/people/{other}").text.count("handler-edu") == 0
    unit = page.get("/units/edu").text
    assert "区教育局" in unit
    for said in ("谭雅文", "0757-", "handler-edu", "联络员"):
        assert said not in unit
    assert "何静怡" not in page.get("/units").text
    assert "何静怡" in Visitor(world, "handler-edu").get("/units").text


# --- Namesakes ---


def test_a_namesake_is_added_only_when_somebody_says_so(world: World) -> None:
    api, new = world.api("office"), {"name": "谭雅文", "unit": "edu", "post": "科员"}
    refused = api.post("/people", new)
    assert refused.status_code == 409
    assert [error["path"] for error in refused.json["errors"]] == ["/confirm_duplicate"]
    assert "谭雅文（区教育局，基础教育科科长）" in refused.json["errors"][0]["message"]
    assert api.get("/people", q="谭雅文").json["total"] == 1
    assert api.post("/people", {**new, "unit": "health"}).status_code == 201
    assert api.post("/people", {**new, "confirm_duplicate": True}).status_code == 201
    other = api.post("/people", {**new, "name": "谭雅"}).json["id"]
    assert api.patch(f"/people/{other}", {"name": "谭雅文"}).status_code == 409
    assert api.patch(f"/people/{other}", {"name": "谭雅文", "confirm_duplicate": True}).status_code == 200


def test_the_page_shows_the_namesakes_and_takes_the_word(world: World) -> None:
    office, new = Visitor(world, "office"), {"name": "谭雅文", "unit_code": "edu", "post": "科员", "phone": ""}
    asked = office.submit("/people", **new)
    assert asked.status_code == 409
    assert "同一单位已有同名人员" in asked.text
    assert 'name="confirm_duplicate"' in asked.text
    assert office.submit("/people", **new, confirm_duplicate="yes").status_code == 302
