"""A JSON parser that refuses what would later hurt: deep nesting, doubled keys, NUL and lone surrogates, NaN."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from crm.core.writing import REFUSAL, is_writing

DEPTH = 32


class SafeJSONParser(JSONParser):
    """``application/json`` only, within the size limit of all uploads."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        raw = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(raw) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise ParseError(_("The request is too large."))
        try:
            text = raw.decode("utf-8")
            if _depth(text) > DEPTH:
                raise ParseError(_("The JSON is nested too deeply."))
            found = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise ParseError(_("The body is not valid JSON.")) from None
        _check_text(found)
        return found


def _depth(text: str) -> int:
    deepest = level = 0
    in_string = escaped = False
    for char in text:
        if in_string:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                in_string = False
        elif char == '"':
            in_string = True
        elif char in "[{":
            level += 1
            deepest = max(deepest, level)
        elif char in "]}":
            level -= 1
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("doubled key")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _check_text(found: Any) -> None:
    if isinstance(found, str):
        if not is_writing(found):
            raise ParseError(REFUSAL)
    elif isinstance(found, dict):
        for name, value in found.items():
            _check_text(name)
            _check_text(value)
    elif isinstance(found, list):
        for value in found:
            _check_text(value)
