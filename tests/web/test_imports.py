"""The import pages: template, upload, findings, preview, confirmation."""

from __future__ import annotations

from io import BytesIO

from openpyxl import Workbook, load_workbook

from service import exchange
from service.exchange import Basis
from tests.factories.visitor import Visitor
from tests.factories.world import World

HEADINGS = ("单位代码", "单位名称", "单位类别", "镇街", "成员单位")


def sheet(*rows: tuple[str | None, ...]) -> BytesIO:
    made = Workbook()
    made.worksheets[0].append(HEADINGS)
    for row in rows:
        made.worksheets[0].append(row)
    written = BytesIO()
    made.save(written)
    written.seek(0)
    return written


def test_an_import_from_the_template_to_the_written_rows(world: World) -> None:
    office = Visitor(world, "office")
    assert "批量导入" in office.get("/imports").text
    made = load_workbook(BytesIO(office.get("/imports/template/units.xlsx").data))
    assert [cell.value for cell in made.worksheets[0][1]][:2] == ["单位代码*", "单位名称*"]

    wrong = sheet(("sport", "区体育中心", "区直局", None, "也许"))
    answer = office.submit("/imports/units", file=(wrong, "单位.xlsx"))
    assert answer.status_code == 302
    assert "等待检查" in office.get(answer.location).text
    exchange.work(world.database, Basis(world.organization, world.settings.contacts), world.clock.now)
    page = office.get(answer.location).text
    assert "有错误，未导入" in page
    assert "第 2 行" in page
    assert "须填“是”或“否”" in page
    assert "确认导入" not in page
    preview = page.partition("<h2>预览")[2]
    assert "成员单位</th>" in preview  # the column that is wrong, though nothing in it could be read
    assert "镇街</th>" not in preview

    right = sheet(("sport", "区体育中心", "区直局", None, "是"))
    address = office.submit("/imports/units", file=(right, "单位.xlsx")).location
    exchange.work(world.database, Basis(world.organization, world.settings.contacts), world.clock.now)
    page = office.get(address).text
    assert "确认导入 1 行" in page
    assert "区体育中心" in page
    assert office.submit(f"{address}/confirm").status_code == 302
    exchange.work(world.database, Basis(world.organization, world.settings.contacts), world.clock.now)
    assert "已写入" in office.get(address).text
    assert "已导入" in office.get("/imports").text
    assert office.submit(f"{address}/confirm").status_code == 409


def test_a_wrong_file_is_refused_with_the_way_out(world: World) -> None:
    office = Visitor(world, "office")
    answer = office.submit("/imports/units", file=(BytesIO(b"code,name"), "units.csv"))
    assert answer.status_code == 422
    assert "而是文本文件（如 .csv）" in answer.text
    assert "另存为“Excel 工作簿（*.xlsx）”" in answer.text
    assert "上传检查" in answer.text  # on the page itself, to try again
    assert office.submit("/imports/units").status_code == 422


def test_who_may_not_see_an_import_neither_confirms_nor_cancels_it(world: World) -> None:
    office, basis = Visitor(world, "office"), Basis(world.organization, world.settings.contacts)
    with world.transaction() as session:
        made = exchange.template(exchange.KINDS["talents"], basis)
        actor, now = world.actor("office"), world.clock.now
        job = exchange.upload(session, kind="talents", name="人才.xlsx", content=made, actor=actor, now=now).id
    admin, missing = world.api("admin"), "00000000-0000-0000-0000-000000000007"
    for operation in ("", "/confirm", "/cancel"):
        ask = admin.post if operation else admin.get
        there, nowhere = ask(f"/imports/{job}{operation}"), ask(f"/imports/{missing}{operation}")
        assert there.status_code == nowhere.status_code == 404
        assert there.json["detail"] == nowhere.json["detail"]
    for operation in ("confirm", "cancel"):
        assert Visitor(world, "admin").submit(f"/imports/{job}/{operation}").status_code == 404
    assert "等待检查" in office.get(f"/imports/{job}").text
    assert office.submit(f"/imports/{job}/cancel").status_code == 302


def test_what_was_not_read_is_said_on_page_and_api_and_hidden_rows_are_a_choice(world: World) -> None:
    office = Visitor(world, "office")
    made = Workbook()
    made.worksheets[0].append(HEADINGS)
    made.worksheets[0].append(("sport", "区体育中心", "区直局", None, "是"))
    made.worksheets[0].append(("archive", "区档案馆", "区直局", None, "是"))
    made.worksheets[0].row_dimensions[3].hidden = True
    made.create_sheet("二季度")
    made.save(written := BytesIO())
    written.seek(0)
    address = office.submit("/imports/units", file=(written, "单位.xlsx")).location
    exchange.work(world.database, Basis(world.organization, world.settings.contacts), world.clock.now)
    page = office.get(address).text
    for said in ("第 3 行被隐藏", "没有读取：“二季度”", "只导入看得见的 1 行", "连同隐藏的 1 行，共导入 2 行"):
        assert said in page, said
    job_id = address.rpartition("/")[2]
    told = world.api("office").get(f"/imports/{job_id}").json
    assert told["hidden"] == [3]
    assert any("二季度" in note["message"] for note in told["notes"])
    assert office.submit(f"{address}/confirm", hidden="skip").status_code == 302
    exchange.work(world.database, Basis(world.organization, world.settings.contacts), world.clock.now)
    assert "略去隐藏的 1 行" in office.get(address).text
