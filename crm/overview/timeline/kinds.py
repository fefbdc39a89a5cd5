"""The kinds of touches: whose right each is, its rows, and when something happened to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils.functional import Promise as Words
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from advisory.models import AdvisoryAgreement, PortfolioReview
from care.models import CallAttempt, SurveyInvitation
from clients.models import Appointment, Client, ContactLog, DataRequest, NeedsInterview
from complaints.models import ComplaintEvent
from crm.core.clocks import SHANGHAI
from crm.core.merged import Strand
from crm.core.models import User
from tiers.models import ClientRate, Promise, Recipient, ServicePlan, TierChange

_Rows = Callable[[User, Client], QuerySet[Any]]


@dataclass(frozen=True)
class Kind:
    """One kind of touch. ``columns`` say when something happened (``Strand``), ``people`` lead to whoever did it.

    ``told_by`` names the fields by which it is told, beside columns and people: such kinds cost one statement together.
    """

    key: str
    label: Words
    right: str
    rows: _Rows
    columns: tuple[str, ...]
    people: tuple[str, ...] = ()
    by_day: bool = False
    told_by: tuple[str, ...] = ()

    def strand(self, user: User, client: Client, said: Mapping[str, Any]) -> Strand:
        """Its rows of this client that the reader may see, narrowed to a person where one was named."""
        rows = self.rows(user, client)
        if said["person"]:
            named = Q()
            for path in self.people:
                named |= Q(**{f"{path}__staff_number": said["person"]}) | Q(**{f"{path}__name": said["person"]})
            rows = rows.filter(named)
        if self.key == "contact":
            rows = rows.filter(**{name: said[name] for name in ("channel", "direction", "outcome") if said[name]})
        return Strand(self.key, rows, self.columns, self.by_day, self._fields)

    @property
    def _fields(self) -> tuple[str, ...]:
        if not self.told_by:
            return ()
        people = (f"{path}__{name}" for path in self.people for name in ("id", "public_id", "staff_number", "name"))
        return ("public_id", *self.columns, *self.told_by, *people)


def _contacts(user: User, client: Client) -> QuerySet[Any]:
    return ContactLog.objects.visible_to(user).filter(client=client).in_brief()


def _appointments(user: User, client: Client) -> QuerySet[Any]:
    rows = Appointment.objects.visible_to(user).filter(client=client)
    return rows.select_related("staff", "contact")


def _needs(user: User, client: Client) -> QuerySet[Any]:
    """Interviews as they stand; a wording that was corrected is in their own history."""
    return NeedsInterview.objects.visible_to(user).standing().filter(client=client)


def _attempts(user: User, client: Client) -> QuerySet[Any]:
    rows = CallAttempt.objects.visible_to(user).filter(call__client=client)
    return rows.select_related("caller", "call__programme")


def _steps(user: User, client: Client) -> QuerySet[Any]:
    rows = ComplaintEvent.objects.visible_to(user).filter(complaint__client=client)
    return rows.select_related("actor", "complaint")


def _answers(user: User, client: Client) -> QuerySet[Any]:
    rows = SurveyInvitation.objects.visible_to(user).answered().filter(client=client)
    return rows.select_related("answer", "complaint", "round")


def _tiers(user: User, client: Client) -> QuerySet[Any]:
    rows = TierChange.objects.visible_to(user).filter(client=client).with_tiers()
    return rows.select_related("old", "new", "override__requested_by", "override__decided_by")


def _promises(user: User, client: Client) -> QuerySet[Any]:
    rows = Promise.objects.visible_to(user).filter(client=client).kept_or_missed()
    return rows.select_related("item", "event", "delivery", "kept_by")


def _publications(user: User, client: Client) -> QuerySet[Any]:
    """What went to him from the menus: messages that have left, and what he was told by phone."""
    rows = Recipient.objects.visible_to(user).filter(client=client, state__in=Recipient.REACHED)
    return rows.select_related("publication__sent_by", "told_by")


def _rates(user: User, client: Client) -> QuerySet[Any]:
    """Rates that were agreed, for whoever may see what the client pays."""
    rows = ClientRate.objects.visible_to(user).agreed().filter(client=client).with_end()
    return rows.select_related("proposed_by", "decided_by")


def _agreements(user: User, client: Client) -> QuerySet[Any]:
    rows: QuerySet[Any] = AdvisoryAgreement.objects.visible_to(user).filter(client=client)
    return rows


def _plans(user: User, client: Client) -> QuerySet[Any]:
    """What was agreed with him; what is only drawn up has not touched him yet."""
    rows = ServicePlan.objects.visible_to(user).filter(client=client)
    return rows.annotate(confirmed_on=TruncDate("confirmed_at", tzinfo=SHANGHAI))


def _reviews(user: User, client: Client) -> QuerySet[Any]:
    """As they stand today; a wording that was corrected is in the history of the review."""
    rows = PortfolioReview.objects.visible_to(user).done().filter(client=client)
    return rows.select_related("done_by")


def _data_requests(user: User, client: Client) -> QuerySet[Any]:
    rows = DataRequest.objects.visible_to(user).filter(client=client)
    return rows.annotate(ended_on=TruncDate("ended_at", tzinfo=SHANGHAI))


#: In the order of their chips.
KINDS: tuple[Kind, ...] = (
    Kind("contact", _("Contacts"), "clients.view_contactlog", _contacts, ("at",), ("staff",)),
    Kind("appointment", _("Appointments"), "clients.view_appointment", _appointments, ("starts_at",), ("staff",)),
    Kind(
        "needs",
        _("Needs interviews"),
        "clients.view_needsinterview",
        _needs,
        ("taken_on",),
        ("taken_by",),
        by_day=True,
        told_by=("answered_by",),
    ),
    Kind("call", _("Follow-up calls"), "care.view_followupcall", _attempts, ("at",), ("caller",)),
    Kind("complaint", _("Complaints"), "complaints.view_complaint", _steps, ("at",), ("actor",)),
    Kind(
        "survey",
        pgettext_lazy("client tab", "Surveys"),
        "care.view_surveyinvitation",
        _answers,
        ("answer__answered_at",),
    ),
    Kind(
        "promise",
        pgettext_lazy("timeline", "Promises"),
        "tiers.view_promise",
        _promises,
        ("kept_on", "missed_on"),
        ("kept_by",),
        by_day=True,
    ),
    Kind(
        "publication",
        _("Publications"),
        "tiers.view_publication",
        _publications,
        ("settled_at",),
        ("told_by", "publication__sent_by"),
    ),
    Kind(
        "tier",
        pgettext_lazy("timeline", "Tiers"),
        "tiers.view_tierchange",
        _tiers,
        ("day",),
        ("override__requested_by", "override__decided_by"),
        by_day=True,
    ),
    Kind(
        "rate",
        pgettext_lazy("timeline", "Rates"),
        "tiers.view_clientrate",
        _rates,
        ("valid_from", "ended_on"),
        ("proposed_by", "decided_by"),
        by_day=True,
    ),
    Kind(
        "agreement",
        pgettext_lazy("timeline", "Agreements"),
        "advisory.view_advisoryagreement",
        _agreements,
        ("signed_on", "ended_on"),
        ("advisor",),
        by_day=True,
        told_by=("number", "end_reason"),
    ),
    Kind(
        "plan",
        _("Service plans"),
        "tiers.view_serviceplan",
        _plans,
        ("agreed_on", "confirmed_on", "ended_on"),
        ("made_by", "confirmed_by"),
        by_day=True,
        told_by=("aim", "replaces_id", "confirm_note", "end_reason"),
    ),
    Kind(
        "review",
        _("Portfolio reviews"),
        "advisory.view_portfolioreview",
        _reviews,
        ("done_on",),
        ("done_by",),
        by_day=True,
    ),
    Kind(
        "data_request",
        _("Data requests"),
        "clients.view_datarequest",
        _data_requests,
        ("received_on", "ended_on"),
        ("registered_by", "owner"),
        by_day=True,
        told_by=("kind", "state"),
    ),
)
