"""The evidence of a case proves itself elsewhere; whatever is changed in it is refused and named."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from service import history
from service.attachments import attach
from service.audit.evidence import package, verifier
from service.audit.evidence.description import report
from service.audit.evidence.verifier import UNPROVEN
from service.config.sealing import Sealing
from service.errors import Conflict, NotAllowed
from service.processes import commands
from service.processes.recording import stream_of
from service.rights import SYSTEM
from service.seals import Sealer
from service.usecases.case_papers import case_papers
from service.usecases.evidence import hand_out
from tests.factories.files import received
from tests.factories.journal import tamper

PDF = b"%PDF-1.7\nwhatever\n"


@pytest.fixture
def sealed(world, tmp_path):
    """A case with a return, a taken-back step and a file, under a seal."""
    world.dispatched("edu")
    world.do("handler-edu", "handle", unit="edu")
    now, review = world.clock.now, world.task("review_reply").id
    with world.transaction() as session:
        commands.return_task(
            session, task_id=review, target="handle", reason="请补充", actor=world.actor("office"), now=now
        )
        attach(
            session,
            stream=stream_of(world.case),
            file=received(session, "材料.pdf", PDF),
            actor=world.actor("office"),
            now=world.clock.advance(minutes=1),
        )
    Sealer(world.database, Sealing(None, tmp_path / "seal.key", None, False, (), 5), mail=False).seal(
        by=SYSTEM, now=world.clock.advance(minutes=1)
    )
    return world


def exported(world) -> package.Evidence:
    return hand_out(world.database, world.case, world.actor("auditor"))[0]


def asked(folder: Path, *arguments: str) -> tuple[int, str]:
    """The verifier as strangers run it: alone, with nothing but Python's own library."""
    program = folder / "verify.py"
    program.write_bytes(package.VERIFIER.read_bytes())
    command = [sys.executable, "-I", "-S", str(program), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False)
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def unpacked(made: package.Evidence, folder: Path) -> Path:
    file = folder / "evidence.zip"
    file.write_bytes(made.content)
    for name, content in verifier.read(file).items():
        place = folder / "unpacked" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return folder / "unpacked"


def test_a_package_is_verified_without_the_service(sealed, tmp_path):
    made = exported(sealed)
    assert list(made.uncovered) == []
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    (outside / "evidence.zip").write_bytes(made.content)
    code, said = asked(outside, "evidence.zip", "--digest", made.digest)
    assert (code, "通过：文件齐全" in said) == (0, True), said
    assert "不能由此证明" not in said
    unproven = asked(outside, "evidence.zip")
    assert (unproven[0], unproven[1].splitlines()[-1].endswith(f"{UNPROVEN}。")) == (0, True), unproven
    assert re.search(r"第 1 次封存，北京时间 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d，", said)
    assert asked(outside, "other.zip") == (2, "不通过：没有这个文件或文件夹：other.zip，请核对路径\n")
    folder = unpacked(made, outside)
    done = subprocess.run([sys.executable, "-I", "-S", "verify.py"], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0
    names = {one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()}
    assert {"journal.jsonl", "index.html", "metadata.xml", "四性检测.json", "seal/seal-000001.json"} <= names
    assert any(name.endswith("-材料.pdf") for name in names)
    assert any(name.startswith("papers/") and name.endswith(".pdf") for name in names)
    described = (folder / "metadata.xml").read_text()
    handler = sealed.actor("handler-edu").name
    assert f"<机构人员>{handler}（handler-edu）</机构人员>" in described
    assert not re.search(r"<(业务行为|机构人员)>[a-z_-]+</", described)
    results = json.loads((folder / "四性检测.json").read_text())
    assert {one["结果"] for name, items in results.items() if name != "依据" for one in items} == {"通过"}
    assert asked(outside, "evidence.zip", "--digest", "ab" * 32)[0] == 1
    assert asked(outside, "evidence.zip", "--key", "ab" * 32)[0] == 1


def test_the_page_holds_every_step_and_asks_for_nothing_outside(sealed):
    page = files_in(exported(sealed))["index.html"].decode()
    told = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert [step["what"] for step in told["steps"] if step["what"].startswith("退回")]
    parts = [(head, rows) for step in told["steps"] for head, rows in step["parts"]]
    assert {"说明", "填写的内容", "数据的变化", "期限", "当前步骤"} <= {head for head, _ in parts}
    assert any(["理由", "请补充"] in rows for head, rows in parts if head == "说明")
    assert {rows[0][0] for head, rows in parts if head == "说明" and ["理由", "请补充"] in rows} == {"退回到"}
    assert all("\u4e00" <= step["what"][0] <= "\u9fff" for step in told["steps"])
    assert told["steps"][-1]["active"]
    assert any(step["passed"] for step in told["steps"])
    assert all(told["drawings"][str(step["version"])] for step in told["steps"])
    for word in ("http://", "https://", "src=", "@import", "url("):
        assert word not in page


def files_in(made: package.Evidence) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_package_that_was_packed_anew_names_the_changed_file(sealed, tmp_path):
    made, file = exported(sealed), tmp_path / "evidence.zip"
    whole = files_in(made)
    paper = next(name for name in whole if name.endswith(".pdf"))
    newer = whole[verifier.MANIFEST].replace(b'"version":1', b'"version":9', 1)
    for changed, word in (
        ({paper: whole[paper][:99] + b"?" + whole[paper][100:]}, f"文件 {paper} 被改动"),
        ({paper: None}, f"缺少文件 {paper}"),
        ({verifier.MANIFEST: newer}, "更新的格式"),
    ):
        with zipfile.ZipFile(file, "w") as into:
            for name, content in {**whole, **changed}.items():
                if content is not None:
                    into.writestr(name, content)
        with pytest.raises(verifier.Unreadable, match=word):
            verifier.check(file)


def test_every_byte_of_the_file_counts(sealed, tmp_path):
    made, file = exported(sealed), tmp_path / "evidence.zip"
    whole = made.content
    for at in (*range(0, len(whole), len(whole) // 60), len(whole) - 1, len(whole) - 20):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(verifier.Unreadable):
            verifier.check(file)
    file.write_bytes(whole[:-100])
    with pytest.raises(verifier.Unreadable):
        verifier.check(file)


def test_a_changed_missing_or_added_file_is_named(sealed, tmp_path):
    folder = unpacked(exported(sealed), tmp_path)
    files = [one for one in folder.rglob("*") if one.is_file()]
    for file in files:
        name, before = file.relative_to(folder).as_posix(), file.read_bytes()
        file.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        if name == verifier.MANIFEST:
            with pytest.raises(verifier.Unreadable):
                verifier.check(folder)
        else:
            faults = verifier.check(folder)[1]
            assert any(name in fault for fault in faults), name
        file.write_bytes(before)
    gone = folder / "proofs.json"
    kept = gone.read_bytes()
    gone.unlink()
    assert "缺少文件 proofs.json" in verifier.check(folder)[1]
    gone.write_bytes(kept)
    (folder / "more.txt").write_text("x")
    assert "多出文件 more.txt，导出时没有" in verifier.check(folder)[1]


def forged(folder: Path, name: str, change) -> list[str]:
    """The faults of a package in which a file was changed and the lists were made anew."""
    copy = folder.parent / "forged"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    file = copy / name
    file.write_bytes(change(file.read_bytes()))
    manifest = json.loads((copy / verifier.MANIFEST).read_text())
    for one in manifest["files"]:
        content = (copy / one["path"]).read_bytes()
        one |= {"size": len(content), "sha256": verifier.sha256(content), "sm3": verifier.sm3(content)}
    (copy / verifier.MANIFEST).write_text(verifier.canonical(manifest))
    digest = verifier.sha256((copy / verifier.MANIFEST).read_bytes())
    (copy / verifier.RECEIPT).write_text(f"{digest}  {verifier.MANIFEST}\n")
    return verifier.check(copy)[1]


def test_a_forged_list_does_not_help(sealed, tmp_path):
    """A change of a file with the lists written anew is stopped by the chain, the proofs and the signature."""
    folder = unpacked(exported(sealed), tmp_path)

    def rewritten(content: bytes) -> bytes:
        lines = [json.loads(line) for line in content.decode().splitlines()]
        lines[-1]["data"] = {**lines[-1]["data"], "name": "另一份.pdf"}
        lines[-1]["hash"] = verifier.event_hash(lines[-1])
        return "".join(verifier.canonical(line) + "\n" for line in lines).encode()

    assert any("不在封存之内" in fault for fault in forged(folder, "journal.jsonl", rewritten))
    assert any("不衔接" in fault for fault in forged(folder, "journal.jsonl", lambda text: text.split(b"\n", 1)[1]))
    signed = b'"signature": "'
    found = forged(folder, "seal/seal-000001.json", lambda text: text.replace(signed, signed + b"00"))
    assert any("签名不符" in fault for fault in found)
    diagram = next(one for one in folder.rglob("*.bpmn")).relative_to(folder).as_posix()
    assert any("definitions/" in fault for fault in forged(folder, diagram, lambda text: text + b" "))
    attached = next(one for one in folder.glob("files/*")).relative_to(folder).as_posix()
    assert f"文件 {attached} 与办理记录里的摘要不符" in forged(folder, attached, lambda content: content + b" ")
    calendar = next(one for one in folder.glob("calendars/*")).relative_to(folder).as_posix()
    assert any("calendars/" in fault for fault in forged(folder, calendar, lambda text: text.replace(b"20", b"21", 1)))


def test_a_file_left_out_or_slipped_in_is_named_whatever_the_list_says(sealed, tmp_path):
    folder = unpacked(exported(sealed), tmp_path)
    attached = next(one for one in folder.glob("files/*"))
    name, content = attached.relative_to(folder).as_posix(), attached.read_bytes()
    attached.unlink()
    (folder / "files" / "另一份.pdf").write_bytes(content)
    manifest = json.loads((folder / verifier.MANIFEST).read_text())
    for one in manifest["files"]:
        one["path"] = "files/另一份.pdf" if one["path"] == name else one["path"]
    (folder / verifier.MANIFEST).write_text(verifier.canonical(manifest))
    faults = verifier.check(folder)[1]
    assert f"缺少附件“材料.pdf”（{name}），办理记录里有" in faults
    assert "文件 files/另一份.pdf 没有办理记录" in faults


def test_what_no_seal_covers_is_not_called_proven(sealed, tmp_path):
    sealed.do("handler-edu", "handle", unit="edu")
    made = exported(sealed)
    (tmp_path / "evidence.zip").write_bytes(made.content)
    code, said = asked(tmp_path, "evidence.zip")
    sealed_until = f"第 {made.uncovered[0]} 条以前的签名和封存的证明相符，从那条起还没有封存"
    assert (code, said.splitlines()[-1]) == (0, f"通过：文件齐全，哈希链相符，{sealed_until}{UNPROVEN}。")


def test_each_of_the_four_tests_can_fail(sealed, monkeypatch):
    """The report looks at the package, and takes nothing for granted."""
    files = dict(files_in(exported(sealed)))
    with sealed.database.reading() as session:
        gathered = package.gather(session, sealed.case, sealed.actor("auditor"))
        session.expunge_all()
    made_of = [*gathered.bundles, *gathered.calendars]

    def failed(**changed: bytes | None) -> list[str]:
        whole = {name: content for name, content in (files | changed).items() if content is not None}
        tests = report(gathered.events, gathered.uncovered, whole, gathered.seal, made_of)
        items = [one for name, listed in tests.items() if name != "依据" for one in listed]
        return [one["检测项"] for one in items if one["结果"] != "通过"]

    attached = next(name for name in files if name.startswith("files/"))
    paper = next(name for name in files if name.startswith("papers/"))
    calendar = next(name for name in files if name.startswith("calendars/"))
    macros = "_VBA_PROJECT".encode("utf-16-le")
    assert failed() == []
    assert failed(**{calendar: None}) == ["当时的流程图、表单、工作日历齐全，与摘要相符"]
    assert failed(**{attached: b"other"}) == ["附件与日志里的摘要一致"]
    assert failed(**{paper: b"<html>"}) == ["记录为通用的文本格式（JSON），打印件为 PDF"]
    assert failed(**{"index.html": files["index.html"].replace(b"'none'", b"*")}) == ["网页不访问网络"]
    assert failed(**{"files/1-旧表.xls": b"\xd0\xcf" + macros}) == ["附件与日志里的摘要一致", "附件没有加密、没有宏"]
    monkeypatch.setattr(verifier, "sm3", lambda _: None)
    assert failed() == ["清单列出每个文件的 SHA-256 和 SM3"]


def test_a_newer_format_is_told_in_clear_words(sealed, tmp_path):
    folder = unpacked(exported(sealed), tmp_path)
    manifest = folder / verifier.MANIFEST
    manifest.write_text(manifest.read_text().replace('"version":1', '"version":2'))
    code, said = asked(tmp_path, str(folder))
    assert (code, "更新的格式" in said, "Traceback" in said) == (2, True, False)
    manifest.unlink()
    code, said = asked(tmp_path, str(folder))
    assert (code, "缺少 manifest.json" in said) == (2, True)
    assert asked(tmp_path, "nothing.zip")[0] == 2


def test_events_after_the_seal_are_told(sealed, tmp_path):
    sealed.do("handler-edu", "handle", unit="edu")
    made = exported(sealed)
    with sealed.database.reading() as session:
        total = history.count(session, stream_of(sealed.case))
    assert made.uncovered[-1] == total
    (tmp_path / "evidence.zip").write_bytes(made.content)
    code, said = asked(tmp_path, "evidence.zip")
    assert (code, f"日志第 {made.uncovered[0]} 条起导出时还没有封存" in said) == (0, True)


def test_who_may_and_what_is_noted(sealed):
    for username in ("office", "admin", "owner", "handler-edu"):
        with pytest.raises(NotAllowed):
            hand_out(sealed.database, sealed.case, sealed.actor(username))
    made = exported(sealed)
    with sealed.database.reading() as session:
        noted = history.stream_events(session, "seals")[-1]
        assert (noted.kind, noted.actor, noted.data["digest"]) == ("evidence_exported", "auditor", made.digest)
    where = f"stream = '{stream_of(sealed.case)}' AND seq = 2"
    tamper(sealed.database, f"UPDATE history_event SET hash = '{'ab' * 32}' WHERE {where}")  # noqa: S608 - our own words
    with pytest.raises(Conflict, match="封存时不符"):
        exported(sealed)


def test_every_paper_of_the_case_is_in_it(world):
    case = world.finished()
    with world.database.reading() as session:
        papers = case_papers(session, case, world.actor("auditor"))
    assert sorted(one.title for one in papers if one.each) == ["反馈函", "反馈函"]
    files = files_in(exported(world))
    told = files["metadata.xml"].decode()
    assert "<文种>高层次人才需求处理</文种>" in told
    assert "<责任者>liaison" not in told
    found = [name for name in files if name.startswith("papers/")]
    assert len(found) == len(papers)
    assert len([name for name in found if "反馈函" in name and name.endswith("条）.pdf")]) == 2
