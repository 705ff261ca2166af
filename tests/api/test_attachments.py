"""Files through the API: attached, listed, given out, withdrawn; talents' photos; what is refused names its field."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from io import BytesIO
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from service import clock
from service.storage import LARGEST
from service.storage.stores import KEY as STORE
from tests.factories.contact_calls import SECRET, body
from tests.factories.databases import ON_BOTH
from tests.factories.record_pages import PNG
from tests.factories.statements import counted
from tests.factories.world import LIAISON, World

PDF = b"%PDF-1.7 regulation"
MULTIPART = "multipart/form-data"


def send(
    world: World,
    user: str,
    path: str,
    content: bytes = PDF,
    name: str = "会议纪要.pdf",
    part: str = "file",
    **more: str,
) -> TestResponse:
    data = {part: (BytesIO(content), name)}
    return world.api(user).post(path, None, data=data, content_type=MULTIPART, **more)


def send_large(world: World, user: str, path: str, content: bytes, name: str, part: str = "file") -> TestResponse:
    """As ``send``, with a body made by hand: the test's client leaves the file open in which it makes a large one."""
    head = f'--x\r\nContent-Disposition: form-data; name="{part}"; filename="{name}"\r\n\r\n'.encode()
    return world.api(user).post(
        path, None, data=head + content + b"\r\n--x--\r\n", content_type=f"{MULTIPART}; boundary=x"
    )


def wrong(answer: TestResponse) -> tuple[int, str, str]:
    [error] = answer.json["errors"]
    return answer.status_code, error["path"], error["message"]


@ON_BOTH
def test_a_contacts_files_from_upload_to_withdrawal(world: World) -> None:
    liaison = world.api("liaison-district_office")
    contact = liaison.post("/contacts", body(world)).json["id"]
    path = f"/contacts/{contact}/attachments"
    assert liaison.get(path).json == {"items": [], "total": 0, "more": False, "next": None, "may_attach": True}
    made = send(world, "liaison-district_office", path)
    assert made.status_code == 201, made.text
    assert (made.json["name"], made.json["media_type"], made.json["size"]) == (
        "会议纪要.pdf",
        "application/pdf",
        len(PDF),
    )
    assert (made.json["record"], made.json["added_by_name"]) == (f"contact:{contact}", "尹知秋")
    file = f"/attachments/{made.json['id']}"
    given = world.api("auditor").get(file)
    assert (given.data, given.mimetype) == (PDF, "application/pdf")
    assert given.headers["Content-Disposition"].startswith("attachment;")
    assert given.headers["X-Content-Type-Options"] == "nosniff"
    [shown] = world.api("auditor").get(path).json["items"]
    assert shown == {**made.json, "may_withdraw": False}
    assert send(world, "auditor", path, PDF + b"2").status_code == 403
    assert world.api("auditor").post(f"{file}/withdraw", {"reason": "传错了文件"}).status_code == 403
    for stranger in ("liaison-hrss", "handler-edu", "admin"):
        api = world.api(stranger)
        assert [api.get(path).status_code, api.get(file).status_code] == [404, 404]
        assert send(world, stranger, path, PDF + b"2").status_code == 404
        assert api.post(f"{file}/withdraw", {"reason": "传错了文件"}).status_code == 404
    gone = liaison.post(f"{file}/withdraw", {"reason": "传错了文件"})
    assert (gone.status_code, gone.json["name"]) == (200, "会议纪要.pdf")
    assert liaison.get(file).status_code == 404
    assert liaison.post(f"{file}/withdraw", {"reason": "传错了文件"}).status_code == 404
    assert liaison.get(path).json["items"] == []
    [told] = world.api("auditor").get(path).json["items"]  # as the page shows it to auditors
    back = {name: told.pop(name) for name in ("withdrawn", "withdrawn_by", "withdrawn_by_name", "withdrawn_why")}
    assert told == {name: value for name, value in made.json.items() if name not in back} | {"may_withdraw": False}
    assert clock.local(datetime.fromisoformat(str(back.pop("withdrawn")))) == clock.local(clock.now())
    assert list(back.values()) == ["liaison-district_office", "尹知秋", "传错了文件"]
    assert [value for name, value in made.json.items() if name.startswith("withdrawn")] == [None] * 4
    assert world.api("auditor").get(file).data == PDF


def test_files_beside_a_restricted_note_are_for_those_who_read_the_note(world: World) -> None:
    liaison = world.api("liaison-district_office")
    contact = liaison.post("/contacts", body(world, restricted=SECRET)).json["id"]
    path = f"/contacts/{contact}/attachments"
    made = send(world, "liaison-district_office", path).json
    assert world.api("office").get(path).json["total"] == 1
    refused = world.api("auditor").get(path)
    assert (refused.status_code, refused.json["type"]) == (403, "not_allowed")
    assert "受限记录" in refused.json["detail"]
    assert world.api("auditor").get(f"/attachments/{made['id']}").status_code == 404
    told = world.api("auditor").get(f"/contacts/{contact}/history")
    assert [one["kind"] for one in told.json["items"]] == ["contact_recorded"]
    assert made["name"] not in told.text
    assert made["sha256"] not in told.text
    assert liaison.post(f"/attachments/{made['id']}/withdraw", {"reason": "传错了文件"}).status_code == 200
    history = f"/contacts/{contact}/history"
    assert len(world.api("auditor").get(history).json["items"]) == 1
    for reader in (liaison, world.api("office")):
        kinds = [one["kind"] for one in reader.get(history).json["items"]]
        assert kinds == ["contact_recorded", "file_attached", "file_withdrawn"]


def test_what_is_sent_twice_is_attached_once(world: World) -> None:
    path = "/units/hrss/attachments"
    first, again = (send(world, "liaison-hrss", path, key="one") for _ in range(2))
    assert (first.status_code, again.status_code, again.headers["Idempotency-Replayed"]) == (201, 201, "true")
    assert first.json == again.json
    other = send(world, "liaison-hrss", path, PDF + b"2", key="one")
    assert (other.status_code, other.json["errors"][0]["path"]) == (422, "Idempotency-Key")
    assert send(world, "liaison-hrss", path, key="two").status_code == 409
    assert world.api("handler-edu").get(path).json["total"] == 1


def test_what_was_taken_is_told_again_though_there_is_room_for_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = send(world, "liaison-hrss", "/attachments", key="one")
    monkeypatch.setattr("service.attachments.staged.MOST_STAGED", 1)
    again = send(world, "liaison-hrss", "/attachments", key="one")
    assert (again.status_code, again.json) == (201, first.json)
    for _ in range(2):
        assert send(world, "liaison-hrss", "/attachments", PDF + b"2", key="two").status_code == 409
    assert world.api("liaison-hrss").get("/attachments").json["total"] == 1


def test_what_cannot_be_attached_names_its_field(world: World) -> None:
    path, api = "/units/hrss/attachments", world.api("liaison-hrss")
    refused = send(world, "liaison-hrss", path, b"MZ program", "制度.pdf")
    assert wrong(refused) == (422, "/file", "文件“制度.pdf”的内容与它的后缀“.pdf”不符，请用原软件重新保存后上传")
    assert wrong(send(world, "liaison-hrss", path, PDF, "制度.exe"))[1] == "/file"
    assert wrong(send(world, "liaison-hrss", path, part="photo"))[:2] == (422, "/photo")
    assert wrong(send_large(world, "liaison-hrss", path, b"%PDF-" + b"0" * LARGEST, "大.pdf"))[:2] == (422, "/file")
    refused = send_large(world, "liaison-hrss", path, b"%PDF-" + b"0" * (LARGEST + 200_000), "大.pdf")
    assert refused.status_code == 413
    assert refused.json["detail"] == "提交的内容超出上限，一次最多 10 MB。文字请精简，文件请压缩后或分几次上传。"
    nothing = api.post(path, None, data={}, content_type=MULTIPART)
    assert wrong(nothing) == (422, "/file", "请选择要上传的文件")
    two = {"file": [(BytesIO(PDF), "甲.pdf"), (BytesIO(PDF), "乙.pdf")]}
    assert wrong(api.post(path, None, data=two, content_type=MULTIPART))[:2] == (422, "/file")
    assert api.post(path, {"file": "x"}).status_code == 415
    assert api.get(path).json["total"] == 0


@pytest.mark.parametrize("kind", ["contacts", "activities", "matters", "units", "reports", "instances"])
def test_what_is_not_there_has_no_files(world: World, kind: str) -> None:
    path = f"/{kind}/{uuid4()}/attachments"
    assert world.api("office").get(path).status_code == 404
    assert send(world, "office", path).status_code == 404


def test_activities_matters_reports_and_cases_have_files(world: World) -> None:
    office = world.api("office")
    held = {"name": "政策咨询会", "kind": "consultation", "held_on": "2026-09-16", "unit": "hrss", "talents": ["T0001"]}
    activity = office.post("/activities", held).json["id"]
    told = {"unit": "hrss", "talent": "T0001", "title": "职称", "description": "协助申报", "raised_on": "2026-09-10"}
    matter = office.post("/matters", told).json["id"]
    report = world.api("liaison-hrss").post("/reports", {"unit": "hrss", "year": 2026, "half": 2}).json["id"]
    case = world.dispatched()
    for path, reader in (
        (f"/activities/{activity}", "leader"),
        (f"/matters/{matter}", "auditor"),
        (f"/reports/{report}", "office"),
        (f"/instances/{case}", "handler-edu"),
    ):
        user = LIAISON if path.startswith("/instances") else "liaison-hrss"
        made = send(world, user, f"{path}/attachments")
        assert made.status_code == 201, made.text
        assert world.api(reader).get(f"{path}/attachments").json["total"] == 1
        assert world.api(reader).get(f"/attachments/{made.json['id']}").data == PDF
        assert world.api("handler-health").get(f"/attachments/{made.json['id']}").status_code == 404
    office.post(f"/activities/{activity}/cancel", {"reason": "改期"})
    refused = send(world, "liaison-hrss", f"/activities/{activity}/attachments", PDF + b"2")
    assert (refused.status_code, refused.json["detail"]) == (409, "该活动已取消，不能增减附件")


def test_a_list_of_files_takes_as_many_statements_for_many_as_for_one(world: World) -> None:
    path, sent = "/units/hrss/attachments", []
    for user in ("liaison-hrss", "office"):  # a token that comes makes all be read anew
        world.api(user).get("/me")
    for number in range(3):
        send(world, "liaison-hrss", path, PDF + str(number).encode())
        with counted(world) as statements:
            assert world.api("office").get(path).json["total"] == number + 1
        sent.append(len(statements))
    assert len(set(sent)) == 1


def test_a_photo_from_upload_to_withdrawal(world: World) -> None:
    path, office = "/talents/T0001/photo", world.api("office")
    assert office.get(path).status_code == 404
    assert wrong(send(world, "office", path, b"<script>", "照片.png", "photo"))[:2] == (422, "/photo")
    assert wrong(send(world, "office", path, PNG[:-4], "照片.png", "photo"))[:2] == (422, "/photo")
    assert wrong(send(world, "office", path, PNG, "照片.png"))[:2] == (422, "/file")
    assert wrong(send_large(world, "office", path, PNG + b"0" * 2_050_000, "照片.png", "photo"))[:2] == (422, "/photo")
    assert send(world, "auditor", path, PNG, "照片.png", "photo").status_code == 403
    made = send(world, "office", path, PNG, "照片.html", "photo", key="photo")
    assert (made.status_code, made.json["talent"], made.json["media_type"]) == (201, "T0001", "image/png")
    given = world.api("auditor").get(path)
    assert (given.data, given.mimetype) == (PNG, "image/png")
    assert given.headers["Content-Disposition"].startswith("attachment;")
    assert world.api("auditor").post(f"{path}/withdraw").status_code == 403
    assert office.post(f"{path}/withdraw").json == {"talent": "T0001"}
    assert office.post(f"{path}/withdraw").status_code == 409
    assert send(world, "office", "/talents/T9999/photo", PNG, "照片.png", "photo").status_code == 404
    kinds = [entry["kind"] for entry in office.get("/talents/T0001/history").json["items"]]
    assert kinds[-2:] == ["talent_photo_set", "talent_photo_withdrawn"]


def test_a_form_names_files_that_were_uploaded_before(world: World) -> None:
    world.dispatched("edu")
    handler = world.api("handler-edu")
    kept = send(world, "handler-edu", "/attachments", name="批复.pdf").json
    other = send(world, "handler-edu", "/attachments", PDF + b"2", name="不要的.pdf").json
    assert sorted(one["name"] for one in handler.get("/attachments").json["items"]) == ["不要的.pdf", "批复.pdf"]
    assert handler.post(f"/attachments/{other['id']}/drop").json == {"id": other["id"]}
    assert world.api("office").post(f"/attachments/{kept['id']}/drop").status_code == 404
    task = world.task("handle", unit="edu").id
    data = {"result": "done", "reply": "已解决", "attachments": [kept["id"], other["id"]]}
    status, path, message = wrong(handler.post(f"/tasks/{task}/complete", {"data": data}))
    assert (status, path, "已不在" in message) == (422, "/data/attachments/1", True)
    data["attachments"] = [kept["id"]]
    assert handler.post(f"/tasks/{task}/complete", {"data": data}).status_code == 200
    [file] = world.api("office").get(f"/instances/{world.case}/attachments").json["items"]
    assert (file["id"], file["task"], file["field"], file["added_by"]) == (
        kept["id"],
        str(task),
        "attachments",
        "handler-edu",
    )
    assert world.api("office").get(f"/attachments/{kept['id']}").data == PDF
    assert handler.get("/attachments").json["items"] == []


def test_what_may_not_be_attached_is_not_taken_into_the_store(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    store, content = world.database.session_info[STORE], PDF + uuid4().bytes
    assert send(world, "handler-edu", "/units/hrss/attachments", content).status_code == 403
    assert send(world, "liaison-hrss", f"/contacts/{uuid4()}/attachments", content).status_code == 404
    monkeypatch.setattr("service.attachments.staged.MOST_STAGED", 0)
    assert send(world, "liaison-hrss", "/attachments", content).status_code == 409
    assert not store.holds(sha256(content).hexdigest())
    assert send(world, "liaison-hrss", "/units/hrss/attachments", content).status_code == 201
    assert store.holds(sha256(content).hexdigest())
