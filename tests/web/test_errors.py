"""An error is said in Chinese with the way out, and changes nothing."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import OperationalError

from service.errors import Incident
from service.processes import queries
from tests.factories.databases import ON_BOTH
from tests.factories.visitor import Visitor
from tests.factories.world import World


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nowhere", 404, "没有找到"),
        ("/tasks/not-an-id", 404, "没有找到"),
        ("/tasks/00000000-0000-0000-0000-000000000001", 404, "没有这个任务"),
        ("/cases/00000000-0000-0000-0000-000000000001", 404, "没有这个事项"),
        ("/cases/00000000-0000-0000-0000-000000000001/urge", 405, "不能这样打开"),
    ],
)
def test_an_error_page_has_the_way_out(world: World, path: str, status: int, words: str) -> None:
    page = Visitor(world, "office").get(path)
    assert page.status_code == status
    assert words in page.text
    assert "回到工作台" in page.text


WRONG_QUESTIONS = (
    ("office", "/ledger?figure=nothing&town=guicheng", "统计口径", "/ledger?town=guicheng"),
    ("office", "/ledger?as_of=2999-01-01&town=guicheng", "截至日期不能晚于今天", "/ledger?town=guicheng"),
    ("office", "/ways?version=x&by=begun", "版本请写数字", "/ways?by=begun"),
    ("office", "/ways?from=2026-09-17&to=2026-09-16", "结束日期不能早于开始日期", "/ways?from=2026-09-17"),
)


@pytest.mark.parametrize(
    ("who", "address", "words", "without"), WRONG_QUESTIONS, ids=[one[1] for one in WRONG_QUESTIONS]
)
def test_a_question_that_is_refused_leads_on_without_what_is_wrong(
    world: World, who: str, address: str, words: str, without: str | None
) -> None:
    visitor = Visitor(world, who)
    page = visitor.get(address)
    assert (page.status_code, words in page.text, "条件需要修改" in page.text) == (422, True, True)
    assert "重新提交" not in page.text  # nothing was submitted
    for way in (without, address.partition("?")[0]):
        if way is not None:
            assert f'href="{way.replace("&", "&amp;")}"' in page.text, way
            assert visitor.get(way).status_code == 200, way


def test_a_script_gets_the_same_as_a_problem(world: World) -> None:
    answer = Visitor(world, "office").post("/cases/00000000-0000-0000-0000-000000000001/urge", text="请加快")
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert answer.json["detail"] == "没有这个事项，或您无权查看"


@pytest.mark.parametrize("body", [b"{", b"[1]", b"\xff\xfe", b'"text"', b"[" * 200_000, b'{"a":' * 200_000])
def test_what_is_no_json_object_is_refused(world: World, body: bytes) -> None:
    visitor = Visitor(world, "office")
    headers = {"X-CSRFToken": visitor.token(), "Content-Type": "application/json"}
    assert visitor.client.post("/cases", data=body, headers=headers).status_code == 422


def test_a_body_without_measure_is_refused(world: World) -> None:
    answer = Visitor(world, "liaison-hrss").post("/cases", data=world.need(description="长" * 4_000_000))
    assert answer.status_code == 413
    assert answer.json is not None
    assert "过大" in answer.json["title"]
    assert answer.json["detail"] == "提交的内容超出上限，一次最多 2 MB。文字请精简，文件请压缩后或分几次上传。"


@ON_BOTH
@pytest.mark.parametrize("text", ["\x00\x07", "😀" * 101, "  ", "长" * 101])
def test_strange_text_is_told_at_its_field(world: World, text: str) -> None:
    answer = Visitor(world, "liaison-hrss").post("/cases", data=world.need(title=text))
    assert answer.status_code == 422
    assert answer.json is not None
    assert {error["path"] for error in answer.json["errors"]} == {"/data/title"}


@ON_BOTH
def test_a_database_that_fails_is_said_plainly(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise OperationalError("SELECT secret", {}, Exception("the connection is gone"))

    monkeypatch.setattr(queries, "open_tasks", fail)
    page = Visitor(world, "office").get("/tasks")
    assert page.status_code == 503
    assert "请几秒后重试" in page.text
    assert page.headers["Retry-After"]
    assert "secret" not in page.text


def test_an_incident_is_said_with_its_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise Incident("流程图执行出错")

    monkeypatch.setattr(queries, "open_tasks", fail)
    page = Visitor(world, "office").get("/tasks")
    assert page.status_code == 500
    assert "2026-09-16（周三）" in page.text


def test_a_surprise_is_an_error_page_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(queries, "open_tasks", fail)
    world.app.testing = False
    page = Visitor(world, "office").get("/tasks")
    assert page.status_code == 500
    assert "系统出错" in page.text
    assert "ZeroDivisionError" not in page.text
