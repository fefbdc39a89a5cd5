"""What is writing is one rule for pages, REST and imports."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django import forms
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError
from rest_framework.serializers import CharField, ValidationError

from care.forms.surveys import SurveyForm
from crm.core.api.parsers import SafeJSONParser
from crm.core.api.serializers import Strict
from crm.core.forms.commands import CommandForm
from crm.core.importing import ImportField
from crm.core.importing.values import BadValue, parser_for
from crm.core.models import Branch, User
from crm.core.writing import is_writing, whole_number

BAD = ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\u202e", "\u2066"]


class Note(CommandForm):
    text = forms.CharField(widget=forms.Textarea)


class NoteBody(Strict):
    text = CharField()


def page_takes(text: str) -> bool:
    return Note({"form_token": "t", "text": text}).is_valid()


def json_takes(text: str) -> bool:
    try:
        SafeJSONParser().parse(io.BytesIO(json.dumps({"text": text}).encode()))
    except ParseError:
        return False
    return True


def form_over_rest_takes(text: str) -> bool:
    try:
        return NoteBody(data={"text": text}).is_valid()
    except ValidationError:
        return False


def import_takes(text: str) -> bool:
    try:
        parser_for(ImportField("text", "text"))(text)
    except BadValue:
        return False
    return True


@pytest.mark.nodb
@pytest.mark.parametrize("bad", BAD)
def test_what_is_no_writing_is_refused_at_every_door(bad: str) -> None:
    text = f"张{bad}三"

    assert not is_writing(text)
    assert [page_takes(text), json_takes(text), form_over_rest_takes(text), import_takes(text)] == [False] * 4
    survey = SurveyForm({"satisfaction": "5", "recommendation": "9", "comment": text})
    assert list(survey.errors) == ["comment"]


@pytest.mark.nodb
def test_line_breaks_tabs_and_every_script_are_writing() -> None:
    text = "第一行\r\n\t第二行 ٱلْعَرَبِيَّة 👍\u200d🎓"

    assert all(takes(text) for takes in (page_takes, json_takes, form_over_rest_takes))


@pytest.mark.nodb
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).map(lambda text: f"甲{text}乙"))
def test_the_page_and_rest_agree_on_every_text(text: str) -> None:
    assert page_takes(text) == json_takes(text) == form_over_rest_takes(text) == is_writing(text)


@pytest.mark.django_db
def test_a_page_says_which_field_holds_it(branch: Branch, staff: Callable[..., User], web: Any) -> None:
    said = {"form_token": "t", "external_id": "A1", "name": "张\x07三", "kind": "person"}

    answer = web(staff("front_desk")).post("/clients/new/", said)

    assert answer.status_code == 400
    assert "The text contains characters that are not allowed." in answer.content.decode()


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("7", 7), ("007", 7), ("999999999", 999_999_999), ("", None), ("-1", None), ("1.0", None), (" 1", None),
     ("1\n", None), ("²", None), ("٣", None), ("①", None), ("1000000000", None), ("9" * 5000, None)],
)  # fmt: skip
def test_a_whole_number_is_written_in_at_most_nine_plain_digits(text: str, number: int | None) -> None:
    assert whole_number(text) == number
