"""The press: papers are made by a process that is ready, each in one of its own, and none outlives its limits."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.documents import Draft, apart, press, print_apart
from service.errors import Incident

pytestmark = pytest.mark.databases("sqlite")

PLAIN = "// 便笺\n#set text(font: json(bytes(sys.inputs.type)))\n#json(bytes(sys.inputs.data)).word\n"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    press.close()
    yield
    press.close()


def paper(template: str, word: str = "样例") -> Draft:
    return Draft({"note.typ": template.encode()}, "note", {"word": word}, datetime(2026, 9, 16, tzinfo=UTC))


def test_papers_that_follow_are_made_by_the_same_press_and_read_alike() -> None:
    first = print_apart(paper(PLAIN)).content
    assert press._press is not None
    number = press._press[1].pid
    assert print_apart(paper(PLAIN)).content == first
    assert print_apart(paper(PLAIN, "另一份")).content != first
    assert press._press[1].pid == number


def test_a_press_that_was_killed_is_replaced() -> None:
    first = print_apart(paper(PLAIN)).content
    assert press._press is not None
    os.kill(press._press[1].pid, signal.SIGKILL)
    press._press[1].wait()
    assert print_apart(paper(PLAIN)).content == first


def test_a_template_that_fails_spoils_no_other_paper() -> None:
    with pytest.raises(Incident, match="第 2 行"):
        print_apart(paper("// 便笺\n#unknown()\n"))
    assert print_apart(paper(PLAIN)).content.startswith(b"%PDF")


def test_a_template_that_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    print_apart(paper(PLAIN))  # the press stands ready
    monkeypatch.setattr(apart, "WALL_SECONDS", 1)
    with pytest.raises(Incident, match="停不下来"):
        print_apart(paper("// 便笺\n#for a in range(9000) { for b in range(9000) { for c in range(9000) {} } }\n"))
    monkeypatch.undo()
    assert print_apart(paper(PLAIN)).content.startswith(b"%PDF")


def test_two_at_once_do_not_mix() -> None:
    words = [f"第{number}份" for number in range(6)]
    alone = {word: print_apart(paper(PLAIN, word)).content for word in words}
    made: dict[str, bytes] = {}

    def make(word: str) -> None:
        made[word] = print_apart(paper(PLAIN, word)).content

    threads = [threading.Thread(target=make, args=(word,)) for word in words]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert made == alone


def test_the_press_knows_no_secret_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIAISON_SECRET_KEY", "hidden")
    print_apart(paper(PLAIN))
    assert press._press is not None
    assert b"LIAISON_SECRET_KEY" not in Path(f"/proc/{press._press[1].pid}/environ").read_bytes()
