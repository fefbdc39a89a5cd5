"""Starting and deciding a matching; handing clients over."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Count
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from advisory.models import AdvisorProfile
from clients.models import Client, Segment
from crm.core.forms.commands import CommandForm
from crm.core.models import Branch, User

BY_MATCHING = "matching"


class MatchingForm(CommandForm):
    """How steady a matching is to be, and whom it is about."""

    segment = forms.ModelChoiceField(
        queryset=Segment.objects.none(),
        to_field_name="public_id",
        label=_("Clients to be matched"),
        required=False,
        empty_label=_("Everybody whom the branch serves"),
    )
    continuity_points = forms.IntegerField(
        label=_("Points a change must gain"),
        min_value=0,
        max_value=10_000,
        help_text=_("Out of 10,000. The higher, the fewer clients change their advisor."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        segment: Any = self.fields["segment"]
        segment.queryset = Segment.objects.for_work(user).for_list(user)


class DecisionForm(CommandForm):
    """Yes or no to a proposal; no needs a reason."""

    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)


class HandOverForm(CommandForm):
    """Whose clients go to whom; the reason is asked when it is done."""

    giver = forms.ChoiceField(label=_("Clients of"))
    taker = forms.ChoiceField(label=pgettext_lazy("colleague", "To"))
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def __init__(self, *args: Any, branch: Branch, preview: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if preview:
            self.fields["reason"].required = self.fields["form_token"].required = False
        self.people = givers(branch) | takers(branch)
        giving = [(key, f"{name} ({count})") for key, (name, count) in _books(branch).items()]
        taking = [(key, user.name) for key, user in takers(branch).items()]
        self.fields["giver"].choices = [("", "—"), *giving]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["taker"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (BY_MATCHING, _("Spread by matching")),
            *taking,
        ]

    @property
    def from_whom(self) -> User:
        return self.people[self.cleaned_data["giver"]]

    @property
    def to_whom(self) -> User | None:
        """The colleague chosen; None to spread the clients by matching."""
        named = self.cleaned_data["taker"]
        return None if named == BY_MATCHING else self.people[named]


def _books(branch: Branch) -> dict[str, tuple[str, int]]:
    """Who has clients of the branch, with how many; also colleagues who have left."""
    held = Client.objects.filter(branch=branch, advisor__isnull=False).served().order_by()
    rows = held.values_list("advisor__public_id", "advisor__name").annotate(Count("pk")).order_by("advisor__name")
    return {key: (name, count) for key, name, count in rows}


def givers(branch: Branch) -> dict[str, User]:
    return {user.public_id: user for user in User.objects.filter(public_id__in=list(_books(branch)))}


def takers(branch: Branch) -> dict[str, User]:
    """Advisors with a profile; whether one may serve and has places, the service says."""
    rows = AdvisorProfile.objects.of_branch(branch).filter(accepts_clients=True).select_related("user")
    return {row.user.public_id: row.user for row in rows.order_by("user__name", "pk")}
