"""The API gives papers as files, takes large files, and shows the journals of contacts and matters."""

from __future__ import annotations

from io import BytesIO

from openpyxl import load_workbook

from tests.factories.contact_calls import SECRET, body
from tests.factories.world import World

MULTIPART = "multipart/form-data; boundary=x"


def send_file(world: World, user: str, kind: str, content: bytes):
    """A body made by hand: the test's client leaves the file open in which it makes a large one."""
    head = f'--x\r\nContent-Disposition: form-data; name="kind"\r\n\r\n{kind}\r\n'.encode()
    head += b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\n'
    return world.api(user).post("/imports", None, data=head + content + b"\r\n--x--\r\n", content_type=MULTIPART)


def test_an_import_starts_from_its_template_and_may_be_as_large_as_on_the_page(world: World) -> None:
    given = world.api("office").get("/imports/templates/talents")
    assert given.status_code == 200
    assert load_workbook(BytesIO(given.data)).worksheets[0]["A1"].value == "姓名*"
    assert world.api("office").get("/imports/templates/cars").status_code == 404
    assert send_file(world, "office", "talents", given.data).status_code == 201
    large = send_file(world, "office", "talents", b"0" * (3 * 1024 * 1024))
    assert (large.status_code, "不是 Excel" in large.json["detail"]) == (422, True)
    assert send_file(world, "office", "talents", b"0" * (21 * 1024 * 1024)).status_code == 413


def test_who_may_not_write_talents_by_hand_imports_none(world: World) -> None:
    assert world.api("admin").get("/imports/templates/talents").status_code == 403
    template = world.api("office").get("/imports/templates/talents").data
    assert send_file(world, "admin", "talents", template).status_code == 403
    assert send_file(world, "admin", "units", template).status_code == 201


def test_a_contact_and_a_matter_have_histories_and_a_matter_is_followed(world: World) -> None:
    liaison = world.api("liaison-district_office")
    made = liaison.post("/contacts", body(world, restricted=SECRET)).json
    told = world.api("office").get(f"/contacts/{made['id']}/history")
    assert [one["kind"] for one in told.json["items"]] == ["contact_recorded"]
    assert SECRET not in told.text
    assert world.api("handler-edu").get(f"/contacts/{made['id']}/history").status_code == 404

    office = world.api("office")
    matter = {"unit": "hrss", "talent": "T0001", "title": "职称", "description": "材料", "raised_on": "2026-09-10"}
    path = f"/matters/{office.post('/matters', matter).json['id']}"
    assert office.post(f"{path}/progress", {"text": "已收到材料", "done_on": "2026-09-12"}).status_code == 200
    assert [one["text"] for one in office.get(path).json["progress"]] == ["已收到材料"]
    kinds = [one["kind"] for one in office.get(f"{path}/history").json["items"]]
    assert kinds == ["matter_recorded", "matter_followed"]
    refused = office.post(f"{path}/progress", {"text": "更早", "done_on": "2026-09-01"})
    assert [one["path"] for one in refused.json["errors"]] == ["/done_on"]


def test_reports_and_briefs_come_on_paper(world: World) -> None:
    office, liaison = world.api("office"), world.api("liaison-district_office")
    report = liaison.post("/reports", {"unit": "district_office", "year": 2026, "half": 1}).json["id"]
    for kind, begins in (("pdf", b"%PDF"), ("docx", b"PK")):
        given = office.get(f"/reports/{report}/{kind}")
        assert (given.status_code, given.data.startswith(begins)) == (200, True), given.text
    assert world.api("liaison-hrss").get(f"/reports/{report}/pdf").status_code == 404
    brief = office.post("/briefs", {"leader": world.leader_id, "year": 2026, "month": 8}).json["id"]
    for kind, begins in (("pdf", b"%PDF"), ("docx", b"PK")):
        assert office.get(f"/briefs/{brief}/{kind}").data.startswith(begins)
    assert liaison.get(f"/briefs/{brief}/pdf").status_code == 404
