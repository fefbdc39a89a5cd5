"""One's own settings, and standing in for each other."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from crm.core.forms.commands import CommandForm
from crm.core.forms.staff import PersonField
from crm.core.models import User


class ProfileForm(CommandForm):
    """Language and colours."""

    language = forms.ChoiceField(label=_("Language"), required=False)
    market_colours = forms.ChoiceField(
        label=_("Market colours"), choices=User.MarketColours.choices, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["language"]
        field.choices = [("", _("As the browser says")), *settings.LANGUAGES]


class DelegationForm(CommandForm):
    """Who is away, who stands in, and for how long."""

    absent = PersonField(label=_("Absent"))
    deputy = PersonField(label=_("Deputy"), help_text=_("Reaches the book of the absent, not more rights."))
    first_day = forms.DateField(label=_("From"))
    last_day = forms.DateField(label=_("Until"))
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        colleagues = User.objects.visible_to(actor).active().order_by("name")
        manages = actor.has_role("branch_manager") or actor.has_perm("core.change_user")
        absent: Any = self.fields["absent"]
        absent.queryset = colleagues if manages else colleagues.filter(pk=actor.pk)
        absent.initial = actor.public_id if not manages else None
        if not manages:
            absent.empty_label = None
        deputy: Any = self.fields["deputy"]
        deputy.queryset = colleagues.exclude(pk=actor.pk)
