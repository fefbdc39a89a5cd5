"""One filter of complaints for pages and REST alike. Rows come already cut by ``visible_to``; a filter is never a guard."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.identity import IdentityRefused, read_phone
from complaints.models import Complaint
from crm.core.clocks import local_date
from crm.core.crypto import blind_indexes
from crm.core.filters import BranchFilter, DayRange
from crm.core.models import User

#: Fewer digits are no phone number.
_SHORTEST_PHONE = 7
_HOME_CODE = "+86"


def _colleagues(request: Any) -> QuerySet[User]:
    if not request:
        return User.objects.none()
    return User.objects.visible_to(request.user).active().order_by("name", "pk")


def _phone_indexes(word: str) -> list[str]:
    """What to look for when ``word`` may be a phone: the form in which phones are kept, and as they were kept before."""
    forms = [word]
    with suppress(IdentityRefused):
        phone = read_phone(word).e164
        forms += [phone, phone.removeprefix(_HOME_CODE)]
    return [index for form in forms for index in blind_indexes(form)]


class ComplaintFilter(filters.FilterSet):
    """Number or phone, where it stands, what it is about, who handles it, and whether a clock has run out."""

    q = filters.CharFilter(method="search", label=_("Number, client number or phone"), max_length=60)
    state = filters.ChoiceFilter(
        method="in_state",
        choices=[("open", _("Open")), ("ended", _("Ended")), *Complaint.State.choices],
        label=_("State"),
        empty_label=_("All states"),
    )
    level = filters.ChoiceFilter(choices=Complaint.Level.choices, label=_("Level"), empty_label=_("All levels"))
    subject = filters.ChoiceFilter(choices=Complaint.Subject.choices, label=_("Subject"), empty_label=_("All subjects"))
    overdue = filters.BooleanFilter(method="with_late_clock", label=_("Overdue"), widget=forms.CheckboxInput)
    mine = filters.BooleanFilter(method="handled_by_me", label=_("Handled by me"), widget=forms.CheckboxInput)
    handler = filters.ModelChoiceFilter(
        queryset=_colleagues,
        to_field_name="public_id",
        label=_("Handled by"),
        empty_label=_("Everybody"),
        null_label=_("Nobody"),
    )
    channel = filters.ChoiceFilter(choices=Complaint.Channel.choices, label=_("Channel"), empty_label=_("All channels"))
    branch = BranchFilter()
    client = filters.CharFilter(field_name="client__public_id", label=_("Client (public id)"), max_length=26)
    reported_late = filters.BooleanFilter(label=_("Late as reported"))
    reported_disputed = filters.BooleanFilter(label=_("Disputed as reported"))
    received = DayRange(field_name="received_at", label=_("Received"))

    class Meta:
        model = Complaint
        fields: list[str] = []

    def search(self, rows: Any, _name: str, value: str) -> Any:
        word = value.strip()
        found = Q(number__iendswith=word) | Q(external_id=word) | Q(client__external_id=word)
        if sum(char.isdigit() for char in word) >= _SHORTEST_PHONE:
            found |= Q(complainant_phone_index__in=_phone_indexes(word))
        return rows.filter(found)

    def in_state(self, rows: Any, _name: str, value: str) -> Any:
        if value == "open":
            return rows.open()
        return rows.filter(state__in=Complaint.ENDED) if value == "ended" else rows.filter(state=value)

    def with_late_clock(self, rows: Any, _name: str, value: bool) -> Any:
        return rows.overdue(local_date(timezone.now())) if value else rows

    def handled_by_me(self, rows: Any, _name: str, value: bool) -> Any:
        return rows.filter(handler=self.request.user) if value and self.request else rows
