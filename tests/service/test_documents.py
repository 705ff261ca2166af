"""处理单 and 通报 on paper: read back from the PDF, on a case of the whole service and on hostile data."""

from __future__ import annotations

import re
import unicodedata
import zipfile
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import pytest
from pypdf import PageObject, PdfReader
from sqlalchemy import select
from structlog.testing import capture_logs

from service import auth, documents, people
from service import clock as time
from service.documents import TEMPLATE_FOLDER as TEMPLATES
from service.documents import type as types
from service.errors import Incident, Invalid, NotFound
from service.processes import commands, operations
from service.processes.advance import open_tasks
from service.processes.calendars import current
from service.rights import SYSTEM
from service.talents.models import Talent
from tests.factories.documents import (
    MADE_AT,
    PRIVATE,
    RARE,
    TYPE_FOLDER,
    entry,
    pages,
    printed,
    sheet,
    text_of,
    with_type,
)
from tests.factories.world import LIAISON, OFFICE, World

TITLE = "南海区直接联系服务高层次人才需求处理单"


DECIDED = {"document_no": "南常〔2026〕9号", "content": "同意统筹安排"}


def render(data: dict[str, Any], *, template: str = "sheet", made_at: datetime = MADE_AT) -> bytes:
    """The PDF of a shipped template."""
    return printed(data, template=template, made_at=made_at).content


def circular(**changes: Any) -> dict[str, Any]:
    """The data of a 通报."""
    return {
        "number": "通报〔2026〕3号",
        "unit": "区教育局",
        "case_number": "2026-需-0001",
        "title": "子女转学",
        "text": "逾期未复，予以通报。",
        "on": "2026年10月16日",
        "facts": [{"name": "办理期限", "value": "2026年10月9日"}],
        "sign": {"name": "陈志明", "on_behalf_of": None, "on": "2026年10月16日"},
        **changes,
    }


class TestWhatPeopleTyped:
    @pytest.mark.parametrize(
        "typed",
        [
            '#read("common.typ")',
            "#panic()",
            "#{while true {}}",
            "*粗*_斜_$x^2$`码`",
            "= 标题\n- 一\n+ 二\n/ 三: 四",
            "@box-start <box-start> ~ \\ \\u{1f600} // 注 /* 注 */",
            '"],}) #eval("1+1") {{ x }} ${y}',
            "https://example.invalid/?a=1&b=<script>",
        ],
    )
    def test_markup_is_text(self, typed):
        found = text_of(
            render(
                sheet(
                    person={"name": typed, "work": typed, "contact": typed},
                    matter={"title": typed, "text": typed, "facts": [typed]},
                    office=[entry(text=typed)],
                    units=[entry(heading=typed, facts=[typed], text=typed, after=[typed])],
                )
            )
        )
        assert found.count("".join(typed.split())) == 11
        assert "".join(typed.split()) in text_of(
            render(circular(text=typed, title=typed, unit=typed), template="circular")
        )

    def test_signs_that_cannot_be_seen_are_left_out(self):
        found = text_of(
            render(sheet(matter={"title": "甲\x00\x1b[31m乙\u202e丙\u200b丁", "text": "戊\ud800己", "facts": []}))
        )
        assert "甲[31m乙丙丁" in found
        assert "戊己" in found
        assert not [character for character in found if unicodedata.category(character) in ("Cc", "Cf", "Cs")]

    def test_lines_are_kept_whatever_ends_them(self):
        assert documents.printable("一\r\n二\r三\u2028四\t五") == "一\n二\n三\n四  五"

    def test_heaped_accents_are_thinned(self):
        assert documents.printable("e" + "\u0301" * 50) == "e\u0301\u0301"

    def test_rare_signs_and_emoji_do_not_stop_the_print(self):
        assert "张𬭎😀" in text_of(render(sheet(person={"name": "张𬭎😀", "work": "", "contact": ""})))

    def test_too_much_text_is_refused(self):
        with pytest.raises(Invalid, match="过长"):
            render(sheet(matter={"title": "", "text": "字" * (documents.LONGEST + 1), "facts": []}))


class TestLayout:
    def test_long_text_flows_over_pages_and_none_is_lost(self):
        need = "\n".join(f"需求第{n:03}段，" + "希望有关部门研究解决。" * 6 for n in range(40))
        reply = "\n".join(f"回复第{n:03}段，" + "已会同有关部门办理。" * 6 for n in range(40))
        made = pages(
            render(
                sheet(
                    matter={"title": "长文", "text": need, "facts": []},
                    units=[entry(heading=f"单位{n}", text=reply) for n in range(3)],
                )
            )
        )
        whole = re.sub(rf"{TITLE}（续）编号：2026-需-0001(（接上页：.*?）(?!内容))?|第\d+页共\d+页", "", "".join(made))
        for n in range(40):
            assert whole.count(f"需求第{n:03}段，") == 1
            assert whole.count(f"回复第{n:03}段，") == 3
        assert whole.count("希望有关部门研究解决。") == 240
        assert whole.count("经办人（签字）：单位盖章：日期：年月日") == 4
        assert len(made) > 6
        for number, page in enumerate(made, start=1):
            assert f"第{number}页共{len(made)}页" in page
            assert (f"{TITLE}（续）编号：2026-需-0001" in page) == (number > 1)
        assert "（接上页：需求（问题）内容）" in made[1]
        assert "（接上页：相关部门办理情况）" in made[-1]

    def test_a_plain_case_takes_one_page(self):
        assert len(pages(render(sheet(units=[entry(heading="甲局", text="已办。"), entry(heading="乙局")])))) == 1
        assert len(pages(render(circular(), template="circular"))) == 1

    @pytest.mark.parametrize(
        "run", ["a" * 300, "https://example.invalid/" + "x/" * 150, "8" * 300, "南" * 300, "😀" * 60]
    )
    def test_nothing_leaves_the_paper(self, run):
        data = sheet(
            person={"name": "名" * 40, "work": run, "contact": "1" * 32},
            matter={"title": run[:100], "text": run, "facts": [run]},
            units=[entry(heading="局" * 60, facts=[run], text=run, after=[run])],
        )
        for page in PdfReader(BytesIO(render(data))).pages:
            assert _rightmost(page) < 595 - 60

    def test_the_reconstructed_boxes_say_so(self):
        first = pages(render(sheet()))[0]
        assert "姓名※" in first
        assert "「复原」：带※的栏目" in first

    def test_boxes_not_reached_yet_are_left_for_ink(self):
        found = text_of(render(sheet(number=None, office=[entry()], units=[entry()])))
        assert "编号：（未编号）" in found
        assert found.count("经办人（签字）：单位盖章：日期：年月日") == 2
        assert found.count("日期：年月日") == 3  # the fourth box has a date only


class TestSameBytes:
    def test_the_same_data_give_the_same_bytes(self):
        assert render(sheet()) == render(sheet())
        assert render(circular(), template="circular") == render(circular(), template="circular")

    def test_the_date_of_the_file_is_that_of_the_data(self):
        made = PdfReader(BytesIO(render(sheet()))).metadata
        assert made is not None
        assert made.creation_date == MADE_AT
        assert made.title == f"{TITLE} 2026-需-0001"
        assert render(sheet()) != render(sheet(), made_at=datetime(2026, 10, 1, tzinfo=UTC))


class TestTemplates:
    def test_a_missing_template_is_named(self):
        with pytest.raises(NotFound, match=r"none\.typ"):
            render({}, template="none")

    def test_a_faulty_template_is_named(self, tmp_path):
        template = tmp_path / "broken.typ"
        template.write_text("#no-such-thing")
        with pytest.raises(Incident, match=r"broken\.typ.*no-such-thing"):
            documents.render(template, {}, made_at=MADE_AT, type_folder=TYPE_FOLDER)

    def test_a_template_reads_its_own_folder_only(self, tmp_path):
        (tmp_path / "secret.txt").write_text("秘")
        folder = tmp_path / "print"
        folder.mkdir()
        template = folder / "prying.typ"
        for path in ("../secret.txt", str(tmp_path / "secret.txt")):
            template.write_text(f'#read("{path}")')
            with pytest.raises(Incident):
                documents.render(template, {}, made_at=MADE_AT, type_folder=TYPE_FOLDER)

    def test_without_type_it_says_how_to_get_some(self, tmp_path, monkeypatch):
        monkeypatch.setattr(types, "OFFICE_TYPE", ())
        with pytest.raises(Incident, match="make setup"):
            documents.render(TEMPLATES / "sheet.typ", sheet(), made_at=MADE_AT, type_folder=tmp_path)

    def test_the_supplied_type_is_used_where_the_office_has_none(self, monkeypatch):
        monkeypatch.setattr(types, "OFFICE_TYPE", ())
        types.type_of.cache_clear()
        try:
            fonts = _fonts(render(sheet()))
        finally:
            types.type_of.cache_clear()
        assert {name.split("+")[-1] for name in fonts} == {"NotoSerifSC-Regular", "NotoSerifSC-Bold"}

    def test_the_offices_own_type_goes_first(self, monkeypatch, tmp_path):
        monkeypatch.setattr(types, "OFFICE_TYPE", ("No Such 仿宋", "Office Song"))
        made = documents.render(
            TEMPLATES / "sheet.typ", sheet(), made_at=MADE_AT, type_folder=with_type(tmp_path, "Office Song", "需求表")
        )
        assert any("OfficeSong" in name for name in _fonts(made.content))


class TestSignsWithoutType:
    """No machine that runs these tests has type for extension I; one that is brought along changes what is told."""

    def test_they_are_marked_on_paper_and_named_at_the_foot_of_every_page(self):
        data = sheet(
            person={"name": f"试{RARE}", "work": f"某{PRIVATE}公司", "contact": ""},
            matter={"title": f"试{RARE}的需求", "text": "很长的内容。\n" * 200, "facts": []},
        )
        made = printed(data)
        assert made.missing == (RARE, PRIVATE)
        told = pages(made.content)
        assert len(told) > 1
        assert "试〓" in told[0]
        assert "某〓公司" in told[0]
        assert all("「〓」处是本机没有字体的字（U+2EBF3、U+E863），请手工填写。" in page for page in told)

    def test_nothing_is_said_where_nothing_is_missing(self):
        made = printed(sheet())
        assert made.missing == ()
        assert "〓" not in text_of(made.content)

    def test_every_shipped_template_says_so(self):
        made = printed(circular(text=f"通报{RARE}"), template="circular")
        assert "（U+2EBF3），请手工填写" in text_of(made.content)
        for template in TEMPLATES.glob("*.typ"):
            assert template.name == "common.typ" or re.search(
                r"#show: (paper|official)\.with\(", template.read_text(encoding="utf-8")
            )

    def test_type_that_has_the_sign_prints_it(self, tmp_path):
        folder = with_type(tmp_path, "Rare Song", RARE)
        assert documents.unprintable({"name": [f"试{RARE}"]}, folder) == ()
        assert documents.unprintable({"name": [f"试{RARE}{PRIVATE}{PRIVATE}"]}, folder) == (PRIVATE,)
        named = {one.name: (one.there, one.of, one.places) for one in documents.coverage(folder)}
        assert named["扩展 I"] == (1, 622, "U+2EBF0–U+2EE5D")
        assert named["基本汉字"][0] > 20_000
        data = sheet(person={"name": f"试{RARE}", "work": "", "contact": ""})
        made = documents.render(TEMPLATES / "sheet.typ", data, made_at=MADE_AT, type_folder=folder)
        assert made.missing == ()
        assert f"试{RARE}" in text_of(made.content)

    def test_private_use_is_no_name_in_a_face_of_letters(self, tmp_path):
        (tmp_path / "icons").mkdir()
        icons = with_type(tmp_path / "icons", "Icons", f"A{PRIVATE}")
        assert documents.unprintable(f"A{PRIVATE}", icons) == (PRIVATE,)
        (tmp_path / "own").mkdir()
        own = with_type(tmp_path / "own", "Office Signs", f"一{PRIVATE}")
        assert documents.unprintable(PRIVATE, own) == ()

    def test_a_file_that_is_no_type_is_passed_over(self, tmp_path):
        folder = with_type(tmp_path, "Rare Song", RARE)
        (folder / "broken.ttf").write_bytes(b"\x00\x01\x00\x00 torn")
        assert documents.unprintable(RARE, folder) == ()

    def test_what_selects_a_form_of_a_sign_is_no_sign(self):
        assert documents.unprintable("葛\U000e0100 \u3000\n") == ()

    def test_the_log_tells_what_the_type_lacks(self):
        with capture_logs() as told:
            documents.log_coverage()
        [lacking] = [one for one in told if one["event"] == "type_lacks"]
        assert "扩展 I U+2EBF0–U+2EE5D" in str(lacking)

    def test_word_files_keep_the_sign(self):
        made = documents.render_word(TEMPLATES / "brief.docx", BRIEF | {"leader": f"试{RARE}{PRIVATE}"})
        with zipfile.ZipFile(BytesIO(made.content)) as packed:
            assert f"试{RARE}{PRIVATE}" in packed.read("word/document.xml").decode()

    def test_they_are_told_where_it_is_printed_from_and_with_the_file(self, world):
        world.dispatched("edu", title=f"试{RARE}的需求")
        page = world.as_user(OFFICE).get(f"/cases/{world.case}").get_data(as_text=True)
        assert "打印前请留意" in page
        assert f"“{RARE}”（U+2EBF3）" in page
        answer = world.as_user(OFFICE).get(f"/cases/{world.case}/sheet.pdf")
        assert answer.headers[documents.HEADER] == "U+2EBF3"
        assert "试〓的需求" in text_of(answer.data)
        status = world.as_user("admin").get("/system").get_data(as_text=True)
        assert "打印字体" in status
        assert "U+2EBF0–U+2EE5D" in status


BRIEF: dict[str, Any] = {
    "number": "", "title": "专报", "leader": "陈志明", "post": "副区长", "released_on": "", "paragraphs": [],
    "needs": [], "contacts": [], "opinions": [], "talents": [],
}  # fmt: skip


class TestSheetOfACase:
    def test_the_boxes_are_filled_from_the_journal(self, world):
        world.dispatched("edu", "guicheng", description="女儿今年升入三年级，\n希望就近入学。")
        world.do(OFFICE, "feedback_accepted")
        interim = {"result": "interim", "reason": "学位紧张", "progress": "已对接学校", "next_date": "2026-09-30"}
        world.do("handler-edu", "handle", interim, unit="edu")
        world.do(OFFICE, "confirm_interim", {"decision": "agree", "agreed_date": "2026-09-30"})
        world.clock.advance(days=23)  # 10-09: two working days after the agreed one, the holidays between
        world.do("handler-edu", "handle", {"result": "done", "reply": "已安排学位。"}, unit="edu")
        world.do(OFFICE, "review_reply", {"decision": "redo", "comment": "请写明到校时间"})
        found = text_of(_sheet(world, OFFICE))
        assert f"编号：2026-需-0001填报：区人力资源和社会保障局{_name(world, LIAISON)}2026年9月16日" in found
        for said in (
            "女儿今年升入三年级，希望就近入学。",
            "类别：子女教育镇（街道）：桂城街道",
            "请按职责办理并按时回复主办：区教育局协办：桂城街道办事处依据：谁主管，谁负责",
            f"日期：2026年9月16日系统登记经办人：{_name(world, OFFICE)}",
            "区教育局（主办）收到：2026年9月16日办理期限：2026年9月24日回复：2026年9月16日（按期）",
            "事情原委：学位紧张进展情况：已对接学校下次反馈日期：2026年9月30日",
            "区人才办审核（2026年9月16日）：同意，期限改为2026年9月30日",
            "区教育局（主办，第2次办理）收到：2026年9月16日办理期限：2026年9月30日（原定2026年9月24日）回复：2026年10月9日（超期2个工作日）",
            "区人才办审核（2026年10月9日）：退回重办：请写明到校时间",
            "区教育局（主办，第3次办理）收到：2026年10月9日办理期限：2026年10月19日回复：尚未回复",
            "桂城街道办事处（协办）收到：2026年9月16日办理期限：2026年9月24日回复：尚未回复",
        ):
            assert said in found, said

    def test_a_second_round_a_change_of_unit_and_the_groups_opinion(self, world):
        world.dispatched("edu")
        world.do(OFFICE, "feedback_accepted")
        world.do("handler-edu", "handle", {"result": "not_ours", "reason": "属住房保障职责"})
        world.do(OFFICE, "redispatch", {"decision": "redispatch", "unit": "housing", "opinion": "请住建部门接续"})
        world.do("handler-housing", "handle")
        world.do(OFFICE, "review_reply", {"decision": "refer", "comment": "涉及面广"})
        world.do(OFFICE, "assess", {"route": "meeting", "comment": "建议开会"})
        world.do(OFFICE, "convene_meeting", {**world.sample("convene_meeting"), "place": "三号会议室"})
        minutes = {**world.sample("record_minutes"), "decision": "escalate", "decisions": "提请常委会会议审定"}
        world.do(OFFICE, "record_minutes", minutes)
        world.do(OFFICE, "submit_topic", {**world.sample("submit_topic"), "body": "committee"})
        world.do(OFFICE, "record_decision", {**world.sample("record_decision"), "decision": "redispatch", **DECIDED})
        world.do(OFFICE, "dispatch", {"opinion": "按会议决定办理", "basis": "territorial", "lead_unit": "guicheng"})
        world.do(OFFICE, "feedback_accepted")
        world.do("handler-guicheng", "handle")
        world.do(OFFICE, "review_reply")
        world.do(OFFICE, "group_opinion", {"opinion": "同意桂城街道意见", "given_on": "2026-09-16"})
        found = text_of(_sheet(world, OFFICE))
        for said in (
            "第1轮派单请按职责办理并按时回复主办：区教育局",
            "改派请住建部门接续改由：区住房城乡建设和水利局办理",
            "第2轮派单按会议决定办理主办：桂城街道办事处依据：属地管理、分级负责",
            "区教育局（主办，第1轮派单）",
            "（退回改派，不算答复）",
            "不属于本单位职责，退回改派。理由：属住房保障职责",
            "区住房城乡建设和水利局（主办，第1轮派单）",
            "区人才办审核（2026年9月16日）：另行研究处理：涉及面广",
            "桂城街道办事处（主办，第2轮派单）",
            "专题工作会议（2026年9月16日，三号会议室）议定：提请常委会会议审定",
            "区委常委会会议（2026年9月16日，南常〔2026〕9号）决定：同意统筹安排",
            "同意桂城街道意见",
        ):
            assert said in found, said
        assert found.index("议定：") < found.index("）决定：") < found.index("同意桂城街道意见")
        assert found.index("第1轮派单请") < found.index("改派请") < found.index("第2轮派单按")

    def test_both_names_of_a_substitute(self, world):
        world.dispatched("edu")
        with world.transaction() as session:
            absent, other = (auth.get_account(session, name).person for name in ("handler-edu", "handler-health"))
            assert absent is not None
            assert other is not None
            people.declare_substitute(
                session,
                person_id=absent.id,
                substitute_id=other.id,
                starts_on=date(2026, 9, 16),
                ends_on=date(2026, 9, 30),
                reason="休假",
                actor=SYSTEM,
                now=time.now(),
            )
        world.do("handler-health", "handle")
        expected = f"系统登记经办人：{_name(world, 'handler-health')}（代理{_name(world, 'handler-edu')}）"
        assert expected in text_of(_sheet(world, OFFICE))

    def test_what_was_taken_back_is_not_printed(self, world):
        world.accepted()
        first = world.do(OFFICE, "dispatch", {**world.sample("dispatch"), "opinion": "误写的意见"})
        with world.transaction() as session:
            operations.take_back(session, task_id=first, reason="有误", actor=world.actor(OFFICE), now=time.now())
        assert "误写的意见" not in text_of(_sheet(world, OFFICE))
        world.do(OFFICE, "dispatch", {**world.sample("dispatch"), "opinion": "改正的意见"})
        found = text_of(_sheet(world, OFFICE))
        assert "误写的意见" not in found
        assert "改正的意见" in found
        assert "第1轮" not in found

    def test_the_telephone_number_is_for_those_who_may_see_it(self, world):
        world.dispatched("edu")
        with world.database.reading() as session:
            phone = session.scalars(select(Talent.phone).where(Talent.id == "T0001")).one()
        assert phone
        assert phone in text_of(_sheet(world, OFFICE))
        assert phone in text_of(_sheet(world, LIAISON))
        assert phone in text_of(_sheet(world, "handler-edu"))  # it must call
        assert phone not in text_of(_sheet(world, "auditor"))

    def test_who_may_not_see_the_case_gets_no_paper(self, world):
        world.dispatched("edu")
        address = f"/cases/{world.case}/sheet.pdf"
        assert world.as_user("handler-health").get(address).status_code == 404
        assert world.as_user("admin").get(address).status_code == 404
        assert world.as_user("auditor").get(address).status_code == 200
        assert world.app.test_client().get(address).status_code == 302

    def test_a_need_answered_on_the_spot_has_no_form(self, world):
        answered = {"on_the_spot": True, "answer": "已当场解答"}
        world.start()
        world.do(LIAISON, "record_need", world.need(**answered))
        assert world.as_user(OFFICE).get(f"/cases/{world.case}/sheet.pdf").status_code == 409
        assert "sheet.pdf" not in world.as_user(OFFICE).get(f"/cases/{world.case}").text

    def test_it_can_be_printed_at_every_step_and_again_the_same(self, world):
        world.start()
        _sheet(world, LIAISON)
        world.do(LIAISON, "record_need", world.need())
        assert "编号：（未编号）" in text_of(_sheet(world, LIAISON))
        world.do(OFFICE, "accept")
        before = _sheet(world, OFFICE)
        world.clock.advance(days=3)
        assert _sheet(world, OFFICE) == before

    def test_the_answer_is_a_named_file_kept_nowhere(self, world):
        world.accepted()
        answer = world.as_user(OFFICE).get(f"/cases/{world.case}/sheet.pdf")
        assert answer.mimetype == "application/pdf"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "filename*=UTF-8''%E9%9C%80%E6%B1%82" in answer.headers["Content-Disposition"]
        page = world.as_user(OFFICE).get(f"/cases/{world.case}").text
        assert f'href="/cases/{world.case}/sheet.pdf"' in page


class TestCircularOfACase:
    def test_it_says_since_when_by_when_and_how_late(self, world):
        world.dispatched("edu", title="子女转学")
        world.pass_days(26)  # due 09-24; the circular is proposed five working days after it, holidays between
        world.do(OFFICE, "approve_circular", {"decision": "issue", "text": "逾期未复，予以通报。\n请立即办理。"})
        found = text_of(_circular(world, 1))
        for said in (
            "通报〔2026〕1号关于“子女转学”办理情况的通报区教育局：逾期未复，予以通报。请立即办理。",
            "事项编号2026-需-0001",
            "收到处理单2026年9月16日",
            "办理期限2026年9月24日",
            "催办1次",
            "区人才工作领导小组办公室2026年10月12日",
            "（通报范围：该单位）",
            f"（系统登记审批人：{_name(world, OFFICE)}）",
        ):
            assert said in found, said
        with world.database.reading() as session:
            late = _working_days(session, date(2026, 9, 24), date(2026, 10, 12))
        assert f"已超期{late}个工作日（截至2026年10月12日）" in found
        world.clock.advance(days=30)
        world.do("handler-edu", "handle")
        assert text_of(_circular(world, 1)) == found
        page = world.as_user(OFFICE).get(f"/cases/{world.case}").text
        assert f'href="/cases/{world.case}/circulars/1.pdf"' in page

    def test_what_is_not_there_is_not_found(self, world):
        world.dispatched("edu")
        client = world.as_user(OFFICE)
        for n in ("0", "1", "99999999999"):
            assert client.get(f"/cases/{world.case}/circulars/{n}.pdf").status_code == 404
        assert world.as_user("handler-health").get(f"/cases/{world.case}/circulars/1.pdf").status_code == 404

    def test_one_taken_back_is_not_printed_and_the_others_keep_their_places(self, world):
        world.dispatched("edu", "guicheng")
        world.pass_days(26)
        first = _issue(world, "edu")
        with world.transaction() as session:
            operations.take_back(session, task_id=first, reason="有误", actor=world.actor(OFFICE), now=time.now())
        _issue(world, "guicheng")
        client = world.as_user(OFFICE)
        assert client.get(f"/cases/{world.case}/circulars/1.pdf").status_code == 409
        assert "桂城街道办事处：" in text_of(_circular(world, 2))
        page = client.get(f"/cases/{world.case}").text
        assert "circulars/2.pdf" in page
        assert "circulars/1.pdf" not in page


def _sheet(world: World, user: str) -> bytes:
    answer = world.as_user(user).get(f"/cases/{world.case}/sheet.pdf")
    assert answer.status_code == 200, answer.text
    return answer.data


def _circular(world: World, n: int) -> bytes:
    answer = world.as_user(OFFICE).get(f"/cases/{world.case}/circulars/{n}.pdf")
    assert answer.status_code == 200, answer.text
    return answer.data


def _issue(world: World, unit: str) -> Any:
    with world.transaction() as session:
        waiting = open_tasks(session, world.case)
        task = next(one for one in waiting if one.task == "approve_circular" and one.slot == unit)
        data = {"decision": "issue", "text": "予以通报"}
        commands.complete(session, task_id=task.id, data=data, actor=world.actor(OFFICE), now=time.now())
        return task.id


def _name(world: World, username: str) -> str:
    return world.actor(username).name


def _working_days(session: Any, start: date, end: date) -> int:
    return current(session).between(start, end)


def _fonts(content: bytes) -> set[str]:
    found = set()
    for page in PdfReader(BytesIO(content)).pages:
        for font in page["/Resources"]["/Font"].values():
            found.add(str(font.get_object()["/BaseFont"]).lstrip("/"))
    return found


def _rightmost(page: PageObject) -> float:
    """Where the last text of any line begins, in points from the left edge."""
    places = [0.0]

    def note(text: str, _cm: Any, tm: list[float], _font: Any, _size: float) -> None:
        if text.strip():
            places.append(tm[4])

    page.extract_text(visitor_text=note)
    return max(places)
