"""Recording a portfolio review, the client's answer to it, and a correction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from advisory.models import PortfolioReview, ReviewLine
from advisory.services import Line, Told
from clients.models import Channel, ContactLog
from crm.core.clocks import SHANGHAI
from crm.core.fields import CENT
from crm.core.forms.commands import CommandForm
from crm.core.writing import refuse_controls
from tiers.models import ProductRisk

#: A form offers at least so many lines, and at least so many blank ones.
_LINES, _BLANK = 3, 2
_LINE = re.compile(r"code_([1-9][0-9]{0,2})", re.ASCII)
#: What a line is said with, in the order of the page.
_PARTS = ("direction", "code", "name", "grade", "share", "amount", "reason")


class _Wording(CommandForm):
    """What a review came to: result, assessment, and the lines of the proposal."""

    outcome = forms.ChoiceField(label=_("Result"), choices=PortfolioReview.Outcome.choices)
    summary = forms.CharField(
        label=_("Assessment"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3, "maxlength": 2000})
    )

    def __init__(self, *args: Any, lines: Sequence[ReviewLine] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What was sent decides over how many lines there are: none of them is lost on the way.
        sent = {int(found[1]) for name in self.data if (found := _LINE.fullmatch(name))}
        self._numbers = sorted(sent) if self.is_bound else range(1, max(_LINES, len(lines) + _BLANK) + 1)
        for number in self._numbers:
            for part, field in _line_fields(number).items():
                self.fields[f"{part}_{number}"] = field
        for number, line in enumerate(lines, 1):
            self._show(number, line)

    def _show(self, number: int, line: ReviewLine) -> None:
        said = {
            "direction": line.direction,
            "code": line.security_code,
            "name": line.security_name,
            "grade": line.product_grade,
            "share": line.share,
            "amount": line.amount,
            "reason": line.reason,
        }
        for part, value in said.items():
            self.initial[f"{part}_{number}"] = value

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The lines for the page: number and bound fields by part."""
        return [{"number": n, **{part: self[f"{part}_{n}"] for part in _PARTS}} for n in self._numbers]

    @property
    def has_lines(self) -> bool:
        """Whether a line says something, or something was sent: then the lines stand open."""
        return self.is_bound or any(self.initial.get(f"code_{n}") for n in self._numbers)

    @property
    def plain(self) -> list[Any]:
        """The visible fields that belong to no line."""
        in_lines = {f"{part}_{n}" for n in self._numbers for part in _PARTS}
        return [field for field in self.visible_fields() if field.name not in in_lines]

    @property
    def lines(self) -> list[Line]:
        """Each line that says something."""
        said = self.cleaned_data
        found = []
        for n in self._numbers:
            part = {name: said.get(f"{name}_{n}") for name in _PARTS}
            if any(part[name] not in (None, "") for name in _PARTS if name not in ("direction", "grade")):
                found.append(
                    Line(
                        direction=part["direction"] or ReviewLine.Direction.SELL,
                        security_code=part["code"] or "",
                        security_name=part["name"] or "",
                        reason=part["reason"] or "",
                        product_grade=part["grade"] or "",
                        share=part["share"],
                        amount=part["amount"],
                    )
                )
        return found


class _TellForm(forms.Form):
    """In which contact something was told: a new one, or one on file."""

    channel = forms.ChoiceField(
        label=_("Told by"),
        choices=[("", "—"), *(pair for pair in Channel.choices if pair[0] != Channel.UNKNOWN)],
        required=False,
    )
    told = forms.CharField(
        label=_("What was told"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept as a contact of the client."),
    )  # fmt: skip
    contact = forms.ModelChoiceField(
        label=_("Or told in this contact"),
        queryset=ContactLog.objects.none(),
        to_field_name="public_id",
        required=False,
        empty_label="—",
    )
    answer = forms.ChoiceField(
        label=_("Answer of the client"), choices=[("", "—"), *PortfolioReview.Answer.choices], required=False
    )

    def tells(self, contacts: Any) -> None:
        field: Any = self.fields["contact"]
        field.queryset = contacts
        field.label_from_instance = _contact_label

    @property
    def said(self) -> Told:
        said = self.cleaned_data
        return Told(channel=said["channel"], words=said["told"], contact=said["contact"])


class RecordForm(_TellForm, _Wording):
    """A review as it was told, and the day of the next one."""

    next_on = forms.DateField(label=_("Next review on"), widget=forms.DateInput(attrs={"type": "date"}))
    proposed = frozenset({"next_on", "outcome"})
    field_order = ("outcome", "summary", "channel", "told", "contact", "answer", "next_on")

    def __init__(self, *args: Any, contacts: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tells(contacts)


class AnswerForm(_TellForm, CommandForm):
    """What the client says to a proposal after all."""

    def __init__(self, *args: Any, contacts: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tells(contacts)
        self.fields["answer"].required = True


class CorrectForm(_Wording):
    """Another wording of what was recorded, and why."""

    reason = forms.CharField(label=_("Reason of the correction"), max_length=200)


class OpenForm(CommandForm):
    """A review beside the cycle; there is nothing to say."""


def _line_fields(number: int) -> dict[str, forms.Field]:
    said = {"number": number}
    return {
        "direction": forms.ChoiceField(
            label=_("Line %(number)s: direction") % said, choices=ReviewLine.Direction.choices, required=False
        ),
        "code": _text(_("Line %(number)s: security code") % said, 12),
        "name": _text(_("Line %(number)s: security") % said, 40),
        "grade": forms.ChoiceField(
            label=_("Line %(number)s: risk grade of the product") % said,
            choices=[("", "—"), *ProductRisk.choices],
            required=False,
        ),
        "share": forms.DecimalField(
            label=_("Line %(number)s: share of the holding (%%)") % said,
            max_digits=4, decimal_places=1, required=False,
        ),
        "amount": forms.DecimalField(
            label=_("Line %(number)s: amount (yuan)") % said,
            min_value=CENT, max_digits=16, decimal_places=2, required=False,
        ),
        "reason": _text(_("Line %(number)s: reason") % said, 300),
    }  # fmt: skip


def _text(label: Any, length: int) -> forms.CharField:
    return forms.CharField(label=label, max_length=length, required=False, validators=[refuse_controls])


def _contact_label(row: ContactLog) -> str:
    return f"{row.at.astimezone(SHANGHAI):%Y-%m-%d} {row.get_channel_display()} {row.content[:30]}"


__all__ = ["AnswerForm", "CorrectForm", "OpenForm", "RecordForm"]
