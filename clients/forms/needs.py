"""The sheet for a needs interview: chips to be ticked while the client speaks."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.forms.client import day_field
from clients.models import Client, ContactLog, NeedsInterview
from clients.questions import QUESTIONS, AnswerKind, Question
from crm.core.forms.commands import CommandForm

_NOT_ASKED = ("", _("not asked"))


def _field(question: Question) -> forms.Field:
    """The input of a question; every one may be left out."""
    said: dict[str, Any] = {"label": question.label, "required": False, "help_text": question.hint}
    choices = question.choices.choices if question.choices else []
    if question.kind is AnswerKind.MANY:
        return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **said)
    if question.kind is AnswerKind.ONE:
        return forms.ChoiceField(choices=[_NOT_ASKED, *choices], widget=forms.RadioSelect, **said)
    if question.kind is AnswerKind.TEXT:
        return forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 2}), **said)
    if question.kind is AnswerKind.MONEY:
        widget = forms.NumberInput(attrs={"inputmode": "decimal", "step": "any", "min": "0"})
        return forms.DecimalField(min_value=0, max_digits=16, decimal_places=2, widget=widget, **said)
    limit = 100 if question.key == "loss_tolerance" else 200
    widget = forms.NumberInput(attrs={"inputmode": "decimal", "step": "any", "min": "0", "max": str(limit)})
    return forms.DecimalField(min_value=0, max_value=limit, max_digits=4, decimal_places=1, widget=widget, **said)


class ContactField(forms.ModelChoiceField):
    """A contact by its day and channel."""

    def label_from_instance(self, obj: Any) -> str:
        from crm.core.clocks import local_date

        return f"{local_date(obj.at)} {obj.get_channel_display()}"


class NeedsForm(CommandForm):
    """What the client wants, shown as it stands; only what differs counts as asked, unless the rest is confirmed."""

    taken_on = day_field(pgettext_lazy("needs", "As of"))
    answered_by = forms.ChoiceField(label=_("Answered by"), choices=NeedsInterview.AnsweredBy.choices)
    contact = ContactField(
        queryset=ContactLog.objects.none(),
        to_field_name="public_id",
        label=_("Taken in the contact"),
        required=False,
        empty_label=_("none of these"),
    )
    confirmed = forms.BooleanField(label=_("Everything else was read out and still stands"), required=False)
    refused = forms.MultipleChoiceField(
        label=_("Refused to provide"), choices=[(q.key, q.label) for q in QUESTIONS], required=False
    )
    basis = forms.CharField(widget=forms.HiddenInput, required=False, max_length=26)
    reason = forms.CharField(label=_("Reason of the correction"), max_length=200, min_length=2)

    def __init__(
        self,
        *args: Any,
        client: Client,
        present: NeedsInterview | None,
        today: date,
        corrects: NeedsInterview | None = None,
        **kwargs: Any,
    ) -> None:
        self.before = corrects or present
        kwargs["initial"] = {
            "taken_on": corrects.taken_on if corrects else today,
            "answered_by": self.before.answered_by if self.before else NeedsInterview.AnsweredBy.SELF,
            "basis": present.public_id if present else "",
            "refused": self.before.refused if self.before else [],
            "contact": corrects.contact.public_id if corrects and corrects.contact else None,
            **({q.key: self.before.answer(q.key) for q in QUESTIONS} if self.before else {}),
            **kwargs.get("initial", {}),
        }
        super().__init__(*args, **kwargs)
        self.corrects, self.present = corrects, present
        for question in QUESTIONS:
            self.fields[question.key] = _field(question)
        contacts: Any = self.fields["contact"]
        recent = ContactLog.objects.standing().filter(client=client).order_by("-at", "-pk")
        contacts.queryset = ContactLog.objects.filter(pk__in=list(recent.values_list("pk", flat=True)[:8])).order_by(
            "-at"
        )
        if corrects is None:
            del self.fields["reason"]
        if self.before is None or corrects is not None:
            del self.fields["confirmed"]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        for key in said.get("refused", []):
            if said.get(key) not in (None, "", []) and key in self.changed_data:
                self.add_error(key, _("Either an answer or a refusal."))
        return said

    def rows(self) -> list[dict[str, Any]]:
        """Each question with its input, whether it is refused, and the day of the answer that stands."""
        refused = self["refused"].value() or []
        return [
            {
                "question": question,
                "field": self[question.key],
                "refused": question.key in refused,
                "day": self.before.day_of(question.key) if self.before else None,
                "is_chips": question.choices is not None,
            }
            for question in QUESTIONS
        ]

    @property
    def said(self) -> dict[str, Any]:
        """What ``record_needs`` takes: answers that differ from the sheet, refusals that are new, and the rest."""
        held, values = self.before, self.cleaned_data
        # A sheet for an earlier day continues another one than is shown: then everything on it was said that day.
        late = bool(self.present and not self.corrects and values["taken_on"] < self.present.taken_on)
        answers, refused = {}, []
        for question in QUESTIONS:
            key, value = question.key, values[question.key]
            was_refused = held is not None and held.is_refused(key)
            if key in values["refused"]:
                refused += [key] if late or not was_refused else []
            elif late or was_refused or question.plain(value) != (held.answer(key) if held else question.empty):
                answers[key] = value
        return {
            "answers": answers,
            "refused": refused,
            "confirmed": bool(values.get("confirmed")),
            "taken_on": values["taken_on"],
            "answered_by": values["answered_by"],
            "contact": values["contact"],
            "corrects": self.corrects,
            "reason": values.get("reason", ""),
            "basis": values["basis"],
        }
