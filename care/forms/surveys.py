"""What a client answers on the public page: two marks and, if he likes, a few words."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from care.models import SurveyInvitation
from care.services.surveys import LONGEST_COMMENT, RECOMMENDATION
from clients.models import Segment
from crm.core.forms.commands import CommandForm, WrittenForm
from crm.core.models import User

#: From the worst to the best, with the face that says it.
FACES = (
    (1, pgettext_lazy("mark in a survey", "Very poor"), "mood-sad"),
    (2, pgettext_lazy("mark in a survey", "Poor"), "mood-confused"),
    (3, pgettext_lazy("mark in a survey", "Fair"), "mood-neutral"),
    (4, pgettext_lazy("mark in a survey", "Good"), "mood-smile"),
    (5, pgettext_lazy("mark in a survey", "Excellent"), "mood-happy"),
)


class RoundForm(CommandForm):
    """Which segment is asked, and about what."""

    segment = forms.ModelChoiceField(
        label=_("Segment"),
        queryset=Segment.objects.none(),
        to_field_name="public_id",
        empty_label=_("Choose a segment"),
    )
    title = forms.CharField(
        label=_("Asked about"),
        max_length=60,
        help_text=_(
            "Clients read it: how satisfied are you with … The same segment and words again go on with that round."
        ),
    )

    def __init__(self, *args: Any, user: User, preview: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        segment: Any = self.fields["segment"]
        segment.queryset = Segment.objects.for_work(user).for_list(user)
        if preview:
            self.fields["form_token"].required = False


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

    def ask_about(self, invitation: SurveyInvitation) -> None:
        """Ask for what the client was invited for."""
        if invitation.round is not None:
            self["satisfaction"].label = _("How satisfied are you with: %(title)s?") % {"title": invitation.round.title}

    def faces(self) -> list[dict[str, Any]]:
        chosen = self["satisfaction"].value()
        return [{"value": n, "label": label, "icon": icon, "chosen": str(n) == str(chosen)} for n, label, icon in FACES]

    def numbers(self) -> list[dict[str, Any]]:
        chosen = self["recommendation"].value()
        return [{"value": n, "chosen": str(n) == str(chosen)} for n in RECOMMENDATION]
