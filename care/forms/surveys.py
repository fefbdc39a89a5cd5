"""What a client answers on the public page: two marks and, if he likes, a few words."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from care.services.surveys import LONGEST_COMMENT, RECOMMENDATION
from crm.core.forms.commands import WrittenForm

#: From the worst to the best, with the face that says it.
FACES = (
    (1, pgettext_lazy("mark in a survey", "Very poor"), "mood-sad"),
    (2, pgettext_lazy("mark in a survey", "Poor"), "mood-confused"),
    (3, pgettext_lazy("mark in a survey", "Fair"), "mood-neutral"),
    (4, pgettext_lazy("mark in a survey", "Good"), "mood-smile"),
    (5, pgettext_lazy("mark in a survey", "Excellent"), "mood-happy"),
)


class SurveyForm(WrittenForm):
    """CSAT in five faces, NPS from 0 to 10, a comment."""

    satisfaction = forms.TypedChoiceField(
        label=_("How satisfied are you with the way we handled your complaint?"),
        choices=[(n, label) for n, label, _icon in FACES],
        coerce=int,
        error_messages={"required": _("Choose one of the five faces.")},
    )
    recommendation = forms.TypedChoiceField(
        label=_("How likely is it that you recommend us to friends?"),
        choices=[(n, str(n)) for n in RECOMMENDATION],
        coerce=int,
        error_messages={"required": _("Choose a number from 0 to 10.")},
    )
    comment = forms.CharField(
        label=_("Anything you would like to tell us? (optional)"),
        required=False,
        max_length=LONGEST_COMMENT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def faces(self) -> list[dict[str, Any]]:
        chosen = self["satisfaction"].value()
        return [{"value": n, "label": label, "icon": icon, "chosen": str(n) == str(chosen)} for n, label, icon in FACES]

    def numbers(self) -> list[dict[str, Any]]:
        chosen = self["recommendation"].value()
        return [{"value": n, "chosen": str(n) == str(chosen)} for n in RECOMMENDATION]
