"""Zips of drafts, new processes from templates, and ways in words: without a database."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Callable

import pytest

from service.checks.gate import checked
from service.errors import Invalid
from service.processes.bundles import read_bundle
from service.rehearsal.scenarios import run_file
from service.studio import templates
from service.studio.names import bundle_of, scenarios_of
from service.studio.packing import packed, unpacked
from service.studio.ways import BACK, CLOCK, END, lines, ways
from service.usecases import check_context
from service.usecases.rehearsals import plan_of
from service.workdays import Calendar, load_notices
from tests.factories.world import CONFIG, HOME, read_config

PROCESSES = sorted(path.name for path in (HOME / "bpmn").iterdir() if any(path.glob("*.bpmn")))
SETTINGS, ORGANIZATION = read_config("sqlite://")


def shipped(key: str) -> dict[str, bytes]:
    """The files of a shipped process, scenarios among them."""
    scenarios = {
        f"scenarios/{one.name}": one.read_bytes() for one in (HOME / "bpmn" / key / "scenarios").glob("*.yaml")
    }
    return {**read_bundle(HOME / "bpmn" / key, HOME / "forms" / key), **scenarios}


def runs(files: dict[str, bytes], key: str) -> None:
    """Asserts that the files may be deployed, and that their scenarios pass."""
    made = checked(bundle_of(files), key=key, context=check_context(SETTINGS, ORGANIZATION))
    plan, calendar = plan_of(SETTINGS, ORGANIZATION), Calendar.from_config(load_notices(CONFIG))
    for name, content in scenarios_of(files).items():
        outcome = run_file(content, name, made.compiled, plan, lambda _names: calendar)
        assert outcome.passed, outcome.difference


def zipped(*entries: tuple[str, bytes], change: Callable[[zipfile.ZipInfo], object] | None = None) -> bytes:
    """A zip of these entries, made by hand."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            if change is not None:
                change(entry)
            archive.writestr(entry, content)
    return buffer.getvalue()


def test_a_zip_is_the_folders_and_back() -> None:
    files = {**shipped("request"), "print/sheet.typ": b"x"}
    content = packed("request", files)
    assert packed("request", dict(reversed(files.items()))) == content
    assert unpacked(content) == ("request", files)
    names = set(zipfile.ZipFile(io.BytesIO(content)).namelist())
    assert {"bpmn/request/request.bpmn", "bpmn/request/scenarios/plain.yaml", "forms/request/accept.json"} <= names
    assert "forms/request/print/sheet.typ" in names
    around = zipped(("my folder/bpmn/a1/a1.bpmn", b"<x/>"), ("my folder/.DS_Store", b""), ("__MACOSX/x", b""))
    assert unpacked(around) == ("a1", {"bpmn/a1.bpmn": b"<x/>"})


GOOD = ("bpmn/a1/a1.bpmn", b"<x/>")
LINK = (stat.S_IFLNK | 0o777) << 16
BAD = {
    "no zip": b"PK but no zip",
    "nothing": zipped(),
    "a bomb": zipped(GOOD, ("forms/a1/a.typ", b"0" * 60_000_000)),
    "many": zipped(*((f"forms/a1/f{n}.json", b"{}") for n in range(300))),
    "two processes": zipped(GOOD, ("bpmn/b1/b1.bpmn", b"<x/>")),
    "a path upwards": zipped(GOOD, ("bpmn/a1/../../etc/passwd", b"x")),
    "an absolute path": zipped(("/bpmn/a1/a1.bpmn", b"x")),
    "a backslash": zipped(GOOD, ("bpmn\\a1\\x.bpmn", b"x")),
    "a strange file": zipped(GOOD, ("bpmn/a1/run.sh", b"x")),
    "outside": zipped(GOOD, ("service/app.py", b"x")),
    "a link": zipped(GOOD, ("forms/a1/a.json", b"/etc/passwd"), change=lambda one: setattr(one, "external_attr", LINK)),
    "together too large": zipped(GOOD, *((f"forms/a1/f{n}.typ", bytes(1_900_000)) for n in range(9))),
    "a long form": zipped(GOOD, ("forms/a1/a.json", b"x" * 300_000)),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_zip_is_refused(case: str) -> None:
    with pytest.raises(Invalid) as refused:
        unpacked(BAD[case])
    assert refused.value.findings


def test_a_lying_zip_unfolds_no_more_than_it_may() -> None:
    content = zipped(GOOD, ("forms/a1/a.typ", b"0" * 30_000_000))
    lying = content.replace((30_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert lying != content
    with pytest.raises(Invalid):
        unpacked(lying)


def test_an_empty_process_runs() -> None:
    files = templates.empty("housing_visit", "走访 <安居>", role="talent_office", role_name="区人才办")
    runs(files, "housing_visit")
    assert len(scenarios_of(files)) == 1


@pytest.mark.parametrize("key", PROCESSES)
def test_a_copy_runs_under_ids_of_its_own(key: str) -> None:
    files = templates.copy(shipped(key), key, "my_copy", "我的流程")
    runs(files, "my_copy")
    old = {one.process for one in ways(shipped(key), key)}
    new = ways(files, "my_copy")
    assert (new[0].process, new[0].name) == ("my_copy", "我的流程")
    assert not old & {one.process for one in new}


@pytest.mark.parametrize(
    ("process", "name"), [("X", "名"), ("a", "名"), ("ok_id", " "), ("ok_id", "长" * 41), ("a-b", "名")]
)
def test_a_bad_id_or_name_is_refused(process: str, name: str) -> None:
    with pytest.raises(Invalid):
        templates.empty(process, name, role="talent_office", role_name="区人才办")


@pytest.mark.parametrize("key", PROCESSES)
def test_every_end_has_a_way(key: str) -> None:
    files = shipped(key)
    for found in ways(files, key):
        assert found.ways
        assert not found.bounded
        assert all(way[-1].kind in (END, BACK) for way in (*found.ways, *found.beside)), found.process
        assert len(set(found.ways)) == len(found.ways)


def test_a_way_says_who_does_what_and_why_so() -> None:
    main, *_ = ways(shipped("request"), "request")
    told = [one for way in main.ways for one in way]
    assert "区人才办：受理审核（期限“1 个工作日”）" in {one.text for one in told}
    assert "是否受理？ 受理" in {one.text for one in told}
    assert any(one.text == "回到步骤「登记需求」，以后同前" for one in told)
    assert list(lines(main))[:4] == [
        f"流程「高层次人才需求处理」：{len(main.ways)} 条路径",
        "路径 1",
        "     开始：收到诉求",
        "  1. 联络员：登记需求（期限“2 个工作日”）",
    ]
    [units] = [one for one in ways(shipped("request"), "request") if one.process == "unit_handling"]
    assert all(way[0].kind == CLOCK for way in units.beside)


def test_a_wide_net_is_bounded_and_says_so() -> None:
    many = range(12)
    nodes = "".join(
        f'<bpmn:exclusiveGateway id="g{n}" name="第{n}问"/><bpmn:task id="t{n}a"/><bpmn:task id="t{n}b"/>' for n in many
    )
    pairs = [(f"g{n}", f"t{n}{x}") for n in many for x in "ab"] + [
        (f"t{n}{x}", f"g{n + 1}" if n < 11 else "e") for n in many for x in "ab"
    ]
    flows = "".join(
        f'<bpmn:sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in [("s", "g0"), *pairs]
    )
    text = (
        '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"><bpmn:process id="p">'
        f'<bpmn:startEvent id="s"/><bpmn:endEvent id="e"/>{nodes}{flows}</bpmn:process></bpmn:definitions>'
    )
    [found] = ways({"bpmn/p.bpmn": text.encode()}, "p")
    assert (len(found.ways), found.bounded) == (200, True)
    assert "还有更多" in next(lines(found))
