"""One form for each field that can be changed for many clients; page and REST read the same words by it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.forms.client import AdvisorField, day_field
from clients.models import BusinessLine, Channel, Client, Stage, Tag
from clients.services.clients import BOOK_ROLES
from crm.core.forms.commands import CommandForm
from crm.core.models import User

_ON_OFF = forms.RadioSelect


def _switch(label: Any, on: Any, off: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label, choices=[("1", on), ("0", off)], coerce=lambda said: said == "1", initial="1", widget=_ON_OFF
    )


def _reason() -> forms.CharField:
    return forms.CharField(label=_("Reason"), max_length=200, min_length=2)


class BulkForm(CommandForm):
    """What a field of many clients is to become. Beside it travels who is meant: ticked rows, or the query of the list."""

    field = forms.CharField(widget=forms.HiddenInput, max_length=20, required=False)
    ids = forms.CharField(widget=forms.HiddenInput, required=False)
    back = forms.CharField(widget=forms.HiddenInput, max_length=2000, required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    @property
    def said(self) -> dict[str, Any]:
        """As the services take it and JSON holds it."""
        return {name: value for name, value in self.command.items() if name not in ("field", "ids", "back")}


class BookForm(BulkForm):
    advisor = AdvisorField(queryset=User.objects.none(), to_field_name="public_id", label=_("Served by"))
    reason = _reason()

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        field: Any = self.fields["advisor"]
        rows = User.objects.active().with_role(*BOOK_ROLES)
        field.queryset = rows.filter(branch_id__in=user.scope.branch_ids).order_by("name", "pk")

    @property
    def said(self) -> dict[str, Any]:
        found = super().said
        return {**found, "advisor": found["advisor"].public_id}


class PreferredChannelForm(BulkForm):
    channel = forms.ChoiceField(label=_("Preferred channel"), choices=Channel.choices[:-1])


class ForbiddenChannelForm(BulkForm):
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices[:-1])
    on = _switch(_("Contact by this channel"), _("Not wanted"), _("Wanted again"))


class SilenceForm(BulkForm):
    on = _switch(_("Contact by us"), _("Do not contact"), _("May be contacted again"))
    reason = _reason()


class NextDateForm(BulkForm):
    to = day_field(_("Next contact on"), help_text=_("Only where a next contact has been promised."))

    @property
    def said(self) -> dict[str, Any]:
        return {"to": self.cleaned_data["to"].isoformat()}


class BulkStageForm(BulkForm):
    stage = forms.ChoiceField(label=_("Stage"), choices=Stage.choices)
    reason = _reason()
    until = day_field(_("Valid until"))

    @property
    def said(self) -> dict[str, Any]:
        found = super().said
        return {**found, "until": found["until"].isoformat()}


class BulkLineForm(BulkForm):
    line = forms.ChoiceField(label=_("Business line"), choices=BusinessLine.choices)
    on = _switch(pgettext_lazy("business line", "Mark"), _("Set the mark"), _("Take the mark back"))
    note = forms.CharField(label=_("What for"), max_length=200, required=False)


class BulkIntroducerForm(BulkForm):
    number = forms.CharField(
        label=_("Client number of the one who introduced him"),
        max_length=40,
        required=False,
        help_text=_("Empty: nobody introduced them."),
    )

    def clean_number(self) -> str:
        number: str = self.cleaned_data["number"].strip()
        rows = Client.objects.visible_to(self.user).filter(external_id=number)
        self._introducer = (rows.filter(branch=self.user.branch_id).first() or rows.first()) if number else None
        if number and self._introducer is None:
            raise forms.ValidationError(_t("You have no client with this number."))
        return number

    @property
    def said(self) -> dict[str, Any]:
        found = self._introducer
        return {"introducer": found.public_id if found else "", "number": found.external_id if found else ""}


class BulkTagForm(BulkForm):
    tag = forms.ModelChoiceField(queryset=Tag.objects.none(), to_field_name="public_id", label=_("Tag"))
    on = _switch(_("On the clients"), _("Set the tag"), _("Take the tag away"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        field: Any = self.fields["tag"]
        field.queryset = Tag.objects.filter(pk__in=[tag.pk for tag in Tag.objects.settable_by(user)]).order_by("name")

    @property
    def said(self) -> dict[str, Any]:
        found = super().said
        return {"tag": found["tag"].public_id, "name": found["tag"].name, "on": found["on"]}


#: Key of ``clients.services.bulk_fields.FIELDS`` → its form.
FORMS: dict[str, type[BulkForm]] = {
    "advisor": BookForm,
    "preferred_channel": PreferredChannelForm,
    "forbidden_channel": ForbiddenChannelForm,
    "do_not_contact": SilenceForm,
    "next_date": NextDateForm,
    "stage": BulkStageForm,
    "line": BulkLineForm,
    "introduced_by": BulkIntroducerForm,
    "tag": BulkTagForm,
}
