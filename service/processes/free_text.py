"""Free text that people give with an operation."""

from __future__ import annotations

from service.errors import Finding, Invalid
from service.spelling import tidy, unusable

MAX_TEXT = 4000


def required_text(value: object, field: str, label: str, *, longest: int = MAX_TEXT) -> str:
    """``value`` trimmed. Raises Invalid with path ``/<field>`` when it is empty, too long or not plain."""
    text = optional_text(value, field, label, longest=longest)
    if not text:
        raise Invalid(f"请填写{label}", [Finding(f"/{field}", f"{label}：必填，请填写")])
    return text


def optional_text(value: object, field: str, label: str, *, longest: int = MAX_TEXT) -> str:
    """``value`` trimmed, '' for None. Raises Invalid (path ``/<field>``) when it is no text, too long or not plain."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Invalid(f"{label}须为文字", [Finding(f"/{field}", f"{label}：须为文字，请重新填写")])
    text = tidy(value).strip()
    if len(text) > longest:
        raise Invalid(f"{label}过长", [Finding(f"/{field}", f"{label}：不能超过 {longest} 个字")])
    if fault := unusable(text, allowed="\n\r\t"):
        raise Invalid(f"{label}含有控制字符", [Finding(f"/{field}", f"{label}：{fault}")])
    return text
