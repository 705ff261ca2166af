"""Files beside an open form and within pages: taken, shown, refused, looked through."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from dataclasses import replace
from io import BytesIO

import pytest

from service import attachments, clock, history
from service.config.files import Files
from service.storage.scanning import threat_in
from tests.factories.files import DOCX, OFD, OLE, PDF, PNG, packed
from tests.factories.steps import DONE
from tests.factories.visitor import Visitor
from tests.factories.world import World

EICAR = b"%PDF-1.7 EICAR"


def upload(world, name="批复.pdf", content=PDF, user="handler-edu"):
    """The answer to a file that a page's script sends beside a form."""
    visitor = Visitor(world, user)
    headers = {"X-CSRFToken": visitor.token(), "Accept": "application/json"}
    return visitor.client.post("/files/staged", data={"file": (BytesIO(content), name)}, headers=headers)


def said(answer):
    return answer.json["errors"][0]["message"]


def test_a_file_goes_up_beside_the_form_and_is_shown_within_pages(world: World) -> None:
    world.dispatched("edu")
    answer = upload(world)
    assert (answer.status_code, answer.json["name"], answer.json["shown"]) == (201, "批复.pdf", True)
    key, handler = answer.json["id"], Visitor(world, "handler-edu")
    assert [one["id"] for one in handler.get("/files/staged").json["items"]] == [key]
    shown = handler.get(f"/files/staged/{key}/view")
    assert (shown.data, shown.mimetype, shown.headers["X-Content-Type-Options"]) == (PDF, "application/pdf", "nosniff")
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert "frame-ancestors 'self'" in shown.headers["Content-Security-Policy"]
    assert "script-src" not in shown.headers["Content-Security-Policy"]
    for stranger in ("handler-health", "office"):
        assert Visitor(world, stranger).get(f"/files/staged/{key}/view").status_code == 404
        assert Visitor(world, stranger).post(f"/files/staged/{key}/drop").status_code == 404
    task = world.task("handle", unit="edu").id
    done = handler.post(f"/tasks/{task}/complete", data={**DONE, "attachments": [key]})
    assert done.status_code == 200
    assert handler.get(f"/files/{key}/view").data == PDF
    assert Visitor(world, "handler-health").get(f"/files/{key}/view").status_code == 404
    page = handler.get(f"/cases/{world.case}").text
    assert f'href="/files/{key}/view" data-preview="批复.pdf"' in page
    assert "随「办理」提交" in page


def test_a_picture_is_shown_in_a_sandbox_and_nothing_else_is(world: World) -> None:
    handler = Visitor(world, "handler-edu")
    picture = upload(world, "现场.png", PNG).json["id"]
    assert "sandbox" in handler.get(f"/files/staged/{picture}/view").headers["Content-Security-Policy"]
    text = upload(world, "说明.docx", DOCX).json
    assert text["shown"] is False
    assert handler.get(f"/files/staged/{text['id']}/view").status_code == 404


def test_a_file_that_is_removed_is_gone(world: World) -> None:
    key, handler = upload(world).json["id"], Visitor(world, "handler-edu")
    assert handler.post(f"/files/staged/{key}/drop").json == {"dropped": key}
    assert handler.get("/files/staged").json["items"] == []
    assert handler.post(f"/files/staged/{key}/drop").status_code == 404


@pytest.mark.parametrize(
    ("name", "content"), [("公文.ofd", OFD), ("旧稿.wps", OLE), ("新稿.wps", DOCX), ("表.et", OLE)]
)
def test_files_of_domestic_offices_are_taken(world: World, name: str, content: bytes) -> None:
    assert upload(world, name, content).status_code == 201


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("假.ofd", DOCX, "不符"),
        ("假.docx", OFD, "不符"),
        ("坏.docx", b"PK\x03\x04broken", "不符"),
        (
            "宏.docx",
            packed(**{"[Content_Types]_x_xml": b"", "word__document_x_xml": b"", "word__vbaProject_x_bin": b"x"}),
            "宏",
        ),
        ("弹.ofd", packed(OFD_x_xml=b"<OFD/>", big=b"0" * 201_000_000), "过大"),
        ("弹.docx", packed(**{"[Content_Types]_x_xml": b"", "word__document_x_xml": b"0" * 120_000_000}), "过大"),
        ("空.pdf", b"", "空"),
        ("假.pdf", b"<html>", "不符"),
        ("长" * 300 + ".pdf", PDF, "最多 120"),
        ("程序.exe", b"MZ", "只能上传"),
    ],
    ids=lambda value: value[:9] if isinstance(value, str) else "",
)
def test_a_file_that_lies_is_refused_by_name(world: World, name: str, content: bytes, why: str) -> None:
    answer = upload(world, name, content)
    assert (answer.status_code, why in said(answer)) == (422, True)
    assert Visitor(world, "handler-edu").get("/files/staged").json["items"] == []


def test_a_file_that_the_scanner_refuses_is_journaled_and_not_kept(world: World) -> None:
    look = (
        "import sys; found = b'EICAR' in sys.stdin.buffer.read(); print('Eicar-Test' if found else ''); sys.exit(found)"
    )
    files = replace(world.settings.files, scan_command=(sys.executable, "-c", look))
    world.rule(files=files)
    assert upload(world).status_code == 201
    answer = upload(world, "毒.pdf", EICAR)
    assert (answer.status_code, "Eicar-Test" in said(answer)) == (422, True)
    with world.database.reading() as session:
        [event] = history.stream_events(session, attachments.REFUSED)
        assert (event.kind, event.actor, event.data["name"], event.data["found"]) == (
            "file_refused",
            "handler-edu",
            "毒.pdf",
            "Eicar-Test",
        )
        assert [one.name for one in attachments.staged_files(session, world.actor("handler-edu"))] == ["批复.pdf"]


@pytest.mark.parametrize(("required", "status"), [(True, 500), (False, 201)])
def test_a_scanner_that_is_down_stops_uploads_unless_the_office_says_otherwise(
    world: World, required: bool, status: int
) -> None:
    world.rule(files=replace(world.settings.files, scan_address="tcp://127.0.0.1:9", scan_required=required))
    answer = upload(world)
    assert answer.status_code == status
    if required:
        assert "查毒程序没有应答" in answer.json["detail"]
        assert Visitor(world, "handler-edu").get("/files/staged").json["items"] == []


def test_clamd_is_spoken_to_as_it_wants_to_be(tmp_path) -> None:
    """A socket that speaks clamd's protocol, as the outside world."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        answers = [b"stream: OK\0", b"stream: Eicar-Signature FOUND\0", b"INSTREAM size limit exceeded. ERROR\0"]
        taken: list[bytes] = []

        def serve() -> None:
            for said_back in answers:
                connection, _ = server.accept()
                with connection, connection.makefile("rb") as sent:
                    assert sent.read(10) == b"zINSTREAM\0"
                    content = b""
                    while size := struct.unpack("!L", sent.read(4))[0]:
                        content += sent.read(size)
                    taken.append(content)
                    connection.sendall(said_back)

        thread = threading.Thread(target=serve)
        thread.start()
        files = Files(str(tmp_path), scan_address=f"tcp://127.0.0.1:{server.getsockname()[1]}", scan_required=False)
        long = PDF + b"0" * 200_000
        assert threat_in(long, files) is None
        assert threat_in(EICAR, files) == "Eicar-Signature"
        assert threat_in(PDF, files) is None  # no answer that says anything
        thread.join(5)
    assert taken == [long, EICAR, PDF]


def test_several_files_are_attached_to_a_record_at_once_or_none(world: World) -> None:
    world.dispatched("edu")
    handler, stream = Visitor(world, "handler-edu"), f"instance:{world.case}"

    def attach(*files):
        sent = {"stream": stream, "csrf_token": handler.token(), "file": [(BytesIO(one), name) for name, one in files]}
        return handler.client.post("/files", data=sent)

    assert attach(("一.pdf", PDF), ("二.png", PNG)).status_code == 302
    assert attach(("三.pdf", PDF + b"3"), ("假.pdf", b"MZ")).status_code == 422
    with world.database.reading() as session:
        found = attachments.files_of(session, stream, world.actor("office"), clock.now())
        assert sorted(one.name for one in found.items) == ["一.pdf", "二.png"]


def test_the_ledger_names_the_files_of_a_form(world: World) -> None:
    world.dispatched("edu")
    key = upload(world).json["id"]
    data = {**DONE, "attachments": [key]}
    task = world.task("handle", unit="edu").id
    assert Visitor(world, "handler-edu").post(f"/tasks/{task}/complete", data=data).status_code == 200
    page = Visitor(world, "office").get("/ledger", col="handle.attachments").text
    assert "批复.pdf" in page
    assert key not in page


def test_auditors_find_the_files_that_the_scanner_refused(world: World) -> None:
    world.rule(files=replace(world.settings.files, scan_command=("sh", "-c", "echo Eicar-Test; exit 1")))
    assert upload(world, "毒.pdf").status_code == 422
    page = Visitor(world, "auditor").get("/audit/refused-files").text
    assert "毒.pdf" in page
    assert "Eicar-Test" in page
    assert Visitor(world, "office").get("/audit/refused-files").status_code == 403
