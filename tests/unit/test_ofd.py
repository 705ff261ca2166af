"""The words of an OFD file, and that a hostile one costs little."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from service.storage.ofd import LARGEST, MOST_PAGES, words_of

NAMESPACE = "http://www.ofdspec.org/2016"


def packed(pages: list[str]) -> bytes:
    """An OFD file of these pages' contents."""
    made = BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as file:
        for place, page in enumerate(pages):
            content = (
                f'<ofd:Page xmlns:ofd="{NAMESPACE}"><ofd:Content><ofd:Layer>{page}</ofd:Layer></ofd:Content></ofd:Page>'
            )
            file.writestr(f"Doc_0/Pages/Page_{place}/Content.xml", content)
    return made.getvalue()


def run(text: str) -> str:
    return f"<ofd:TextObject><ofd:TextCode>{text}</ofd:TextCode></ofd:TextObject>"


def test_runs_stand_a_line_each_in_the_order_of_the_pages() -> None:
    pages = [run(f"第{place}页") for place in range(12)]
    assert words_of(packed(pages)).split("\n") == [f"第{place}页" for place in range(12)]


def test_pages_without_words_are_read_up_to_one_size_together() -> None:
    drawn = "<ofd:PathObject/>" * (LARGEST // 17 // 2)
    assert words_of(packed([run("先"), drawn, drawn, drawn, run("后")])) == "先"


def test_so_many_pages_are_read() -> None:
    told = words_of(packed([run(str(place)) for place in range(MOST_PAGES + 5)])).split("\n")
    assert len(told) == MOST_PAGES
