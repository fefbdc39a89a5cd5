"""The next version of a figure, typed for its kind."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.forms.fields import InvalidJSONInput
from django.utils.translation import gettext_lazy as _

from crm.core.figures_on_page import CERTAINTY_WORDS
from crm.core.forms.commands import CommandForm
from crm.core.models import Branch, Policy, PolicyKey, User
from crm.core.services.policies import may_set

LONGEST_TABLE = 20_000


class FigureForm(CommandForm):
    """Value, place, first day, source and reason. Places are those for which the actor answers."""

    branch = forms.ModelChoiceField(
        queryset=Branch.objects.none(),
        to_field_name="public_id",
        label=_("Place"),
        required=False,
        empty_label=_("Whole company"),
    )
    effective_from = forms.DateField(
        label=_("In force from"), help_text=_("Today or later. What was decided before stays as it was decided.")
    )
    source = forms.CharField(
        label=_("Source"), max_length=300, help_text=_("The rule, notice or decision on which the figure rests.")
    )
    certainty = forms.ChoiceField(label=_("How sure"), choices=list(CERTAINTY_WORDS.items()), initial="own")
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def __init__(self, *args: Any, actor: User, key: PolicyKey, current: Policy | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields = {"value": value_field(key, current), **self.fields}
        self._places(actor, key)

    def _places(self, actor: User, key: PolicyKey) -> None:
        place: Any = self.fields["branch"]
        open_branches = list(Branch.objects.nameable_by(actor).open().order_by("code"))
        allowed = [branch.pk for branch in open_branches if may_set(actor, key, branch)]
        place.queryset = Branch.objects.filter(pk__in=allowed).order_by("code")
        if not may_set(actor, key, None):
            place.required, place.empty_label = True, None


class JSONText(forms.JSONField):
    """A table as text, laid out for reading."""

    widget = forms.Textarea(attrs={"rows": 8, "class": "mono", "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, InvalidJSONInput) else json.dumps(value, ensure_ascii=False, indent=2)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) > LONGEST_TABLE:
            raise forms.ValidationError(_("This table is too long."))
        try:
            return super().to_python(value)
        except RecursionError:  # a thousand brackets are no table
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            return super().bound_data(data, initial)
        except RecursionError:
            return InvalidJSONInput(data)


class WholeNumbers(forms.Field):
    """Whole numbers with commas between them."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(str(item) for item in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        text = str(value or "")[:200]
        parts = [part.strip() for part in text.replace("，", ",").split(",") if part.strip()]
        if any(not part.isascii() or not part.isdigit() for part in parts):
            raise forms.ValidationError(_("Whole numbers with commas between them, such as 60, 30, 7."))
        return [int(part) for part in parts]


def value_field(key: PolicyKey, current: Policy | None) -> forms.Field:
    """The input that suits the kind of figure, filled with the value in force."""
    kinds = PolicyKey.Kind
    common: dict[str, Any] = {"label": _("Value"), "initial": current.value if current else None}
    if key.unit:
        common["help_text"] = key.get_unit_display()
    if key.kind == kinds.INTEGER:
        return forms.IntegerField(min_value=0, max_value=1_000_000_000, **common)
    if key.kind == kinds.MONEY:
        return forms.DecimalField(min_value=0, max_digits=16, decimal_places=2, **common)
    if key.kind == kinds.RATE:
        return forms.DecimalField(min_value=0, max_digits=12, decimal_places=8, **common)
    if key.kind == kinds.FLAG:
        return forms.BooleanField(required=False, **{**common, "label": str(key)})
    if key.kind == kinds.LIST:
        return WholeNumbers(**{**common, "help_text": _("Whole numbers with commas between them, such as 60, 30, 7.")})
    if key.kind in (kinds.BANDS, kinds.TABLE):
        return JSONText(**{**common, "help_text": _("Keep the names; change only the figures.")})
    return forms.CharField(max_length=200, **common)
