"""Grading by the risk of money laundering, and suspicion."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.forms.client import day_field
from clients.models import AmlGrade
from crm.core.forms.commands import CommandForm


class GradeForm(CommandForm):
    """A grade with its occasion and reasons."""

    grade = forms.ChoiceField(label=_("Money-laundering grade"), choices=AmlGrade.Grade.choices)
    occasion = forms.ChoiceField(label=pgettext_lazy("grading", "Occasion"), choices=AmlGrade.Occasion.choices)
    graded_on = day_field(_("Graded on"))
    reasons = forms.CharField(
        label=_("Reasons"), min_length=4, max_length=500, widget=forms.Textarea(attrs={"rows": 4})
    )
    #: The grading that stood beside the form.
    basis = forms.CharField(widget=forms.HiddenInput, max_length=26, required=False)


class SuspicionForm(CommandForm):
    """Why a client is suspected, or no longer."""

    reason = forms.CharField(label=_("Reason"), min_length=4, max_length=500, widget=forms.Textarea(attrs={"rows": 4}))
