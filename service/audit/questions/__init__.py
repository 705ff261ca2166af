"""审计查询: the questions of auditors, each declared once with its filters, its columns and its query."""

from service.audit.questions.declared import Asked, Column, Filter, Question, Row
from service.audit.questions.table import BY_NAME, QUESTIONS

__all__ = ["BY_NAME", "QUESTIONS", "Asked", "Column", "Filter", "Question", "Row"]
