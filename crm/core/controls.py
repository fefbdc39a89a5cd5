"""Form inputs in the look of the product, and the chips that say what a list is narrowed by."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models.fields import BLANK_CHOICE_DASH
from django.forms import BoundField
from django.http import QueryDict
from django.utils.choices import BaseChoiceIterator
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django_filters.widgets import BooleanWidget

LONG_TEXT_ROWS = 4
RANGE_SUFFIXES = ("min", "max", "after", "before", "start", "stop", "from", "to")


@dataclass(frozen=True)
class Chip:
    """One narrowing of a list: the field's label, its value in words, its parameter and the address without it."""

    label: str
    text: str
    name: str
    url: str


def class_of(widget: forms.Widget) -> str:
    """The class an input needs. Groups of options get none: Django would put it on the box around them too."""
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return ""
    if isinstance(widget, forms.CheckboxInput):
        return "form-check-input"
    return "form-select" if isinstance(widget, forms.Select) else "form-control"


#: What Django shows where nothing is chosen.
_DASHES = dict(BLANK_CHOICE_DASH)[""]


class _Worded(BaseChoiceIterator):
    """The choices of a list, the empty one in words."""

    def __init__(self, choices: Any, empty: str, *, always: bool) -> None:
        self.choices, self.empty, self.always = choices, empty, always

    def __iter__(self) -> Iterator[Any]:
        for value, label in self.choices:
            unsaid = value in ("", None, "unknown") if self.always else value in ("", None) and label == _DASHES
            # Nothing said is an empty parameter of the address, never a word of its own.
            yield ("", self.empty) if unsaid else (value, label)


def _with_words(widget: forms.Select) -> None:
    """Three states of a filter begin with "any", everything else asks to be chosen."""
    if not isinstance(widget, forms.SelectMultiple):
        three = isinstance(widget, BooleanWidget | forms.NullBooleanSelect)
        widget.choices = _Worded(widget.choices, gettext("Any") if three else gettext("Choose…"), always=three)


def shaped(widget: forms.Widget) -> forms.Widget:
    """A copy of the widget that browsers understand: days as ISO for `type=date`, labels on both ends of a range."""
    widget = copy.deepcopy(widget)
    if isinstance(widget, forms.MultiWidget) and not isinstance(widget, forms.SplitDateTimeWidget):
        widget.widgets = [shaped(part) for part in widget.widgets]
        if len(widget.widgets) == 2:
            for part, label in zip(widget.widgets, (gettext("From"), gettext("To")), strict=True):
                part.attrs.setdefault("aria-label", label)
                part.attrs.setdefault("placeholder", label)
    elif isinstance(widget, forms.DateTimeInput):
        if widget.input_type == "text":
            widget.input_type, widget.format = "datetime-local", "%Y-%m-%dT%H:%M"
    elif isinstance(widget, forms.DateInput) and widget.input_type in {"text", "date"}:
        widget.input_type, widget.format = "date", "%Y-%m-%d"
    elif isinstance(widget, forms.Select):
        _with_words(widget)
    elif isinstance(widget, forms.Textarea) and str(widget.attrs.get("rows")) == "10":
        widget.attrs["rows"] = str(LONG_TEXT_ROWS)  # ten is Django's default, nobody's choice
    return widget


def control(bound: BoundField) -> SafeString:
    """The input of a field, classed for its kind and marked when it holds an error."""
    widget = shaped(bound.field.widget)
    look = "" if widget.is_hidden else class_of(widget)
    classes = [str(widget.attrs.get("class", "")), look, "is-invalid" if bound.errors and look else ""]
    named = " ".join(name for name in classes if name)
    return bound.as_widget(widget=widget, attrs={"class": named} if named else None)


def parameters_of(bound: BoundField, query: QueryDict) -> list[str]:
    """The parameters of the query string that belong to a field: its own, or the two ends of a range."""
    name = bound.html_name
    candidates = [name, *(f"{name}_{suffix}" for suffix in RANGE_SUFFIXES)]
    return [key for key in candidates if any(value.strip() for value in query.getlist(key))]


def value_in_words(bound: BoundField, raw: list[str]) -> str:
    """What was chosen, by the words of the choices; of a related row, its own text."""
    cleaned: Any = getattr(bound.form, "cleaned_data", {}).get(bound.name)
    if isinstance(bound.field, forms.ModelMultipleChoiceField):
        return gettext(", ").join(bound.field.label_from_instance(row) for row in cleaned or ())
    if isinstance(bound.field, forms.ModelChoiceField):
        return bound.field.label_from_instance(cleaned) if cleaned is not None else ""
    choices = getattr(bound.field, "choices", None)
    if choices is None:
        choices = getattr(bound.field.widget, "choices", ())
    words: dict[str, str] = {}
    # Not "choices or ()": the choices of a filter may be made by a function, and then have no length.
    for key, label in () if choices is None else choices:
        pairs = label if isinstance(label, list | tuple) else [(key, label)]
        words.update({str(one): str(text) for one, text in pairs})
    return gettext(", ").join(words.get(value, value) for value in raw)


def chips_of(form: forms.BaseForm, query: QueryDict) -> list[Chip]:
    """The chips of a filter form for this query string, in the order of the fields."""
    if form.is_bound:
        form.is_valid()
    chips = []
    for bound in form:
        keys = parameters_of(bound, query)
        if not keys or bound.is_hidden:
            continue
        rest = query.copy()
        for key in (*keys, "cursor", "page"):
            rest.pop(key, None)
        if len(keys) == 1 and keys[0] == bound.html_name:
            text = value_in_words(bound, query.getlist(keys[0]))
        else:
            text = " – ".join(query.get(key, "") for key in keys)
        chips.append(Chip(str(bound.label or bound.name), text, bound.html_name, f"?{rest.urlencode()}"))
    return chips
