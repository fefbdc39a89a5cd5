"""Forms that carry a command: they check the shape and remember what the user had seen; the service holds the rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BoundField
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import localize
from django.utils.translation import gettext as _

from crm.core.clocks import SHANGHAI, local_date
from crm.core.public_ids import new_public_id
from crm.core.writing import refuse_controls


class WrittenForm(forms.Form):
    """A form whose texts are writing: control characters are refused as over REST."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.CharField):
                field.validators.append(refuse_controls)


@dataclass(frozen=True)
class Present:
    """What stands on file now in a field that was about to be written otherwise."""

    label: str
    text: str


class CommandForm(WrittenForm):
    """A form sent twice makes one thing: it carries a token of its own, and the version of the row it was made from."""

    #: Fields that begin with a proposal and not with what is on file; nothing can be said about them when the row changed.
    proposed: frozenset[str] = frozenset()
    #: After a refusal because the row changed: what is on file now where it differs, and where it can be seen whole.
    differing: tuple[Present, ...] | None = None
    newest_url = ""

    form_token = forms.CharField(widget=forms.HiddenInput, max_length=80)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        initial = kwargs.setdefault("initial", {})
        initial.setdefault("form_token", new_public_id())
        super().__init__(*args, **kwargs)

    @property
    def command(self) -> dict[str, Any]:
        """What the user said, without what the form itself needs."""
        own = {"form_token", "version"}
        return {name: value for name, value in self.cleaned_data.items() if name not in own}

    @property
    def seen(self) -> int | None:
        """The version of the row that the user had before him."""
        return self.cleaned_data.get("version")

    def on_file(self, field: BoundField) -> str:
        """What is on file for a field, in words; empty where the form was not made from it."""
        if field.is_hidden or field.name not in self.initial or field.name in self.proposed:
            return ""
        # A day that begins as today is a proposal too.
        return "" if field.initial == local_date(timezone.now()) else _in_words(field)

    def show_present(self, newest_url: str) -> bool:
        """The row changed since it was seen: say what is on file now, and let the next press be about that version.

        False, and nothing done, where the form was not made from the row as it is now, so that it cannot tell.
        """
        held = self.data.get(self.add_prefix("version"))
        if self.initial.get("version") is None or held == str(self.initial["version"]):
            return False
        said = cast(QueryDict, self.data).copy()
        for name in self.fields:
            # A form about two rows carries a version of each.
            if (name == "version" or name.endswith("_version")) and self.initial.get(name) is not None:
                said[self.add_prefix(name)] = str(self.initial[name])
        said[self.add_prefix("form_token")] = new_public_id()
        self.data = said
        shown = []
        for name in self.changed_data:
            if text := self.on_file(self[name]):
                self[name].on_file = text  # type: ignore[attr-defined]  # read by components/_field.html
                shown.append(Present(str(self[name].label), text))
        self.differing, self.newest_url = tuple(shown), newest_url
        return True


def _in_words(bound: BoundField) -> str:
    """What a field held when the form was made, as a reader sees it."""
    field, value = bound.field, bound.initial
    if value is None or value in ("", [], ()):
        return "—"
    if isinstance(field, forms.ModelChoiceField):
        try:
            rows = field.clean(value)
        except ValidationError:  # it can no longer be chosen
            return str(value)
        if isinstance(field, forms.ModelMultipleChoiceField):
            return _(", ").join(str(field.label_from_instance(row)) for row in rows)
        return str(field.label_from_instance(rows))
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if timezone.is_aware(value) else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    words: dict[str, str] = {}
    for key, label in getattr(field, "choices", ()) or ():
        pairs = label if isinstance(label, list | tuple) else [(key, label)]
        words.update({str(one): str(text) for one, text in pairs})
    several = value if isinstance(value, list | tuple | set | frozenset) else [value]
    return _(", ").join(words.get(str(one), str(localize(one))) for one in several)
