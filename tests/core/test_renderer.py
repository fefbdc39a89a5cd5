"""Widgets drawn without templates look as Django draws them."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

from crm.core.forms.renderer import Renderer

NASTY = "\"'<b>&amp;{{ x }}"
CHOICES = [
    ("", _("Everybody")),
    (1234, 1234),
    (NASTY, NASTY),
    ("safe", mark_safe("<i>x</i>")),
    ("组", [("a", "甲"), ("b", 1)]),
]
INPUTS = [
    *(forms.TextInput, forms.NumberInput, forms.EmailInput, forms.URLInput, forms.PasswordInput, forms.HiddenInput),
    *(forms.DateInput, forms.DateTimeInput, forms.TimeInput, forms.CheckboxInput, forms.Textarea),
]
ATTRIBUTES: list[dict[str, Any]] = [{}, {"required": True, "disabled": False, "class": NASTY, "maxlength": 12345}]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("attributes", ATTRIBUTES)
@pytest.mark.parametrize("value", [None, "", NASTY, mark_safe("<u>"), 1234, True])
def test_every_input_is_the_same_character_for_character(
    settings: Any, language: str, attributes: dict[str, Any], value: Any
) -> None:
    settings.LANGUAGE_CODE = language
    for kind in INPUTS:
        widget = kind(attrs=attributes)
        drawn = widget.render(NASTY, value, renderer=Renderer())
        assert drawn == widget.render(NASTY, value, renderer=DjangoTemplates()), kind


@pytest.mark.parametrize("attributes", ATTRIBUTES)
@pytest.mark.parametrize("value", [None, "", NASTY, "1234", 1234, "b"])
def test_every_choice_is_the_same_character_for_character(attributes: dict[str, Any], value: Any) -> None:
    for kind in (forms.Select, forms.NullBooleanSelect, forms.RadioSelect, forms.SelectMultiple):
        widget = kind(attrs=attributes) if kind is forms.NullBooleanSelect else kind(attrs=attributes, choices=CHOICES)
        given = [value] if kind is forms.SelectMultiple else value
        drawn = widget.render(NASTY, given, renderer=Renderer())
        assert drawn == widget.render(NASTY, given, renderer=DjangoTemplates()), kind
