"""Printed documents: a template and plain data in, the bytes of a PDF or a Word file out. Knows no database, no page.

Templates are data of the office (``forms/print/*.typ``, ``*.docx``); what people typed reaches them only as values,
never as template text, so nothing in it can be markup.
"""

from service.documents.apart import Draft, Shown, print_apart, render_apart, word_apart
from service.documents.pdf import SHARED, Printed, bound, render, render_files
from service.documents.samples import NO_STAMPS, OF_A_STEP, SAMPLES
from service.documents.templates import MEDIA_TYPES, PDF, TEMPLATE_FOLDER, WORD, About, about, house_templates
from service.documents.text import LONGEST, printable
from service.documents.type import (
    HEADER,
    MARK,
    OFFICE_TYPE,
    SUPPLIED_TYPE,
    TYPE_FOLDER,
    Covered,
    coverage,
    log_coverage,
    replaced_faces,
    type_of,
    unprintable,
)
from service.documents.word import render_word, word_fault, word_of
from service.documents.word_faults import words_of

__all__ = [
    "HEADER",
    "LONGEST",
    "MARK",
    "MEDIA_TYPES",
    "NO_STAMPS",
    "OFFICE_TYPE",
    "OF_A_STEP",
    "PDF",
    "SAMPLES",
    "SHARED",
    "SUPPLIED_TYPE",
    "TEMPLATE_FOLDER",
    "TYPE_FOLDER",
    "WORD",
    "About",
    "Covered",
    "Draft",
    "Printed",
    "Shown",
    "about",
    "bound",
    "coverage",
    "house_templates",
    "log_coverage",
    "print_apart",
    "printable",
    "render",
    "render_apart",
    "render_files",
    "render_word",
    "replaced_faces",
    "type_of",
    "unprintable",
    "word_apart",
    "word_fault",
    "word_of",
    "words_of",
]
