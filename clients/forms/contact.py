"""What was said: three fields for the daily entry, more for a correction."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clients.forms.client import day_field
from clients.models import Channel, Client, ContactLog
from crm.core.forms.commands import CommandForm


class ContactForm(CommandForm):
    """Channel, what was said, next date."""

    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices[:-1], initial=Channel.PHONE)
    content = forms.CharField(label=_("What was said"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))
    next_on = day_field(_("Next contact on"), required=False)

    def __init__(self, *args: Any, client: Client, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {}).setdefault("channel", client.preferred_channel or Channel.PHONE)
        super().__init__(*args, **kwargs)
        self.fields["content"].widget.attrs |= {
            "data-draft": f"contact-{client.public_id}",
            "data-key": "l",
            "data-key-label": _("Log a contact"),
        }


class CorrectionForm(CommandForm):
    """The contact as it should have been written, and why it is written anew."""

    at = forms.DateTimeField(
        label=_("At"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices)
    outcome = forms.ChoiceField(label=_("Outcome"), choices=ContactLog.Outcome.choices)
    content = forms.CharField(
        label=_("What was said"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    next_on = day_field(_("Next contact on"), required=False)
    reason = forms.CharField(label=_("Reason of the correction"), max_length=200, min_length=2)

    def __init__(self, *args: Any, contact: ContactLog, **kwargs: Any) -> None:
        names = ("at", "channel", "outcome", "content", "next_on")
        kwargs["initial"] = {name: getattr(contact, name) for name in names}
        super().__init__(*args, **kwargs)

    @property
    def wording(self) -> dict[str, Any]:
        return {name: value for name, value in self.command.items() if name != "reason"}
