"""Printed documents: a template and plain data in, the bytes of a PDF or a Word file out. Knows no database, no page.

Templates are data of the office (``forms/print/*.typ``, ``*.docx``); what people typed reaches them only as values,
never as template text, so nothing in it can be markup.
"""

from service.documents.pdf import OFFICE_TYPE, SUPPLIED_TYPE, render
from service.documents.text import LONGEST, printable
from service.documents.word import render_word

__all__ = ["LONGEST", "OFFICE_TYPE", "SUPPLIED_TYPE", "printable", "render", "render_word"]
