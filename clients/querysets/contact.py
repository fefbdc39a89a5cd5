"""Contacts as sets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Value
from django.db.models.functions import Coalesce, NullIf

from clients.querysets.scope import client_q
from crm.core.clocks import at_local
from crm.core.models import Attachment
from crm.core.querysets.aside import compiled_for

if TYPE_CHECKING:
    from clients.models import Appointment, ContactLog, NextDateMove
    from crm.core.models import User


#: What an entry of a timeline shows of a contact. Whole rows, with client and relation, cost three times as much to ask for.
_SHOWN = (
    "public_id",
    "client_id",
    "at",
    "channel",
    "direction",
    "outcome",
    "mood",
    "spoke_with",
    "other_name",
    "content",
    "next_on",
    "clock",
    "corrects_id",
    "correction_reason",
    "first_ref",
    "staff__name",
    "staff__public_id",
    "staff__staff_number",
    "staff__is_system",
    "contact_person__name",
    "relation__kind",
    "relation__outsider_name",
    "relation__client_id",
)
#: What REST tells besides, with what the trail needs to know of the client.
_TOLD = (
    "purpose",
    "duration_seconds",
    "next_content",
    "device_at",
    "corrects__public_id",
    "client__public_id",
    "client__branch",
    "client__external_id",
    "client__name",
)


class ContactLogQuerySet(models.QuerySet["ContactLog"]):
    def visible_to(self, user: User) -> ContactLogQuerySet:
        return self.filter(client_q(user, "client__"))

    def standing(self) -> ContactLogQuerySet:
        """Contacts as they stand today: without those that a later row has corrected."""
        return self.filter(corrected_by=None)

    def standing_of_all(self) -> ContactLogQuerySet:
        """As ``standing``, where everybody's contacts are asked: the few that were corrected are left out as one set. Joined
        to each contact instead, PostgreSQL expects one row of them all to be left and walks all of them for every client."""
        return self.exclude(pk__in=self.model._base_manager.filter(corrects__isnull=False).values("corrects"))

    def wordings_of(self, contact: Any) -> ContactLogQuerySet:
        """The first wording of a contact and every correction of it."""
        return self.filter(Q(public_id=contact.files_ref) | Q(first_ref=contact.files_ref))

    def for_timeline(self) -> ContactLogQuerySet:
        """Newest first, with who wrote them, whether a later row has corrected them and whether there are files."""
        rows = self.select_related("staff", "contact_person", "relation__client", "relation__other")
        return rows._with_files().order_by("-at", "-pk")

    def in_brief(self) -> ContactLogQuerySet:
        """As ``for_timeline``, but only what an entry shows."""
        rows = self.select_related("staff", "contact_person", "relation").only(*_SHOWN)
        return rows._with_files().order_by("-at", "-pk")

    def as_told(self) -> ContactLogQuerySet:
        """As ``for_timeline``, with what REST tells of a contact and of its client."""
        rows = self.select_related("client", "staff", "contact_person", "relation", "corrects").only(*_SHOWN, *_TOLD)
        return rows._with_files().order_by("-at", "-pk")

    def _with_files(self) -> ContactLogQuerySet:
        """With ``is_corrected``, by a later row, and ``has_files``; these belong to the first wording."""
        return self.annotate(is_corrected=_is_corrected(), has_files=_has_files())

    def on_day(self, day: date) -> ContactLogQuerySet:
        """Contacts of a day of Shanghai."""
        return self.filter(at__gte=at_local(day, time()), at__lt=at_local(day + timedelta(days=1), time()))

    def proactive_by_staff(self, since: datetime, until: datetime) -> models.QuerySet[ContactLog, Mapping[str, Any]]:
        """Per colleague: standing contacts in the time, those that we began, and how many clients were reached.

        A contact is proactive when we began it (主动联系), whether or not somebody answered: what is measured is our effort.
        """
        rows = self.standing().filter(at__gte=since, at__lt=until)
        begun = Q(direction="out")
        return (
            rows.order_by()
            .values("staff__public_id", "staff__name", "staff__staff_number")
            .annotate(
                contacts=Count("pk"),
                proactive=Count("pk", filter=begun),
                reached=Count("client", filter=~Q(outcome="no_answer"), distinct=True),
            )
            .order_by("-contacts", "staff__staff_number")
        )


@compiled_for("clients.ContactLog")
def _is_corrected() -> Exists:
    from clients.models import ContactLog

    return Exists(ContactLog.objects.filter(corrects=OuterRef("pk")))


@compiled_for("clients.ContactLog")
def _has_files() -> Exists:
    first = Coalesce(NullIf(OuterRef("first_ref"), Value("")), OuterRef("public_id"))
    return Exists(Attachment.objects.filter(owner_type="clients.contactlog", owner_id=first))


class NextDateMoveQuerySet(models.QuerySet["NextDateMove"]):
    def visible_to(self, user: User) -> NextDateMoveQuerySet:
        return self.filter(client_q(user, "contact__client__"))

    def standing(self) -> NextDateMoveQuerySet:
        """Moves that nobody has taken back."""
        return self.filter(undone_at=None)


class AppointmentQuerySet(models.QuerySet["Appointment"]):
    def visible_to(self, user: User) -> AppointmentQuerySet:
        return self.filter(client_q(user, "client__"))

    def booked(self) -> AppointmentQuerySet:
        return self.filter(state="booked")

    def due_by(self, day: date) -> AppointmentQuerySet:
        """Booked for ``day`` or before it and not yet held."""
        return self.booked().filter(starts_at__lt=at_local(day + timedelta(days=1), time()))

    def overlapping(self, staff: User, starts_at: datetime, ends_at: datetime) -> AppointmentQuerySet:
        """What the member of staff has booked that meets this time; none lasts longer than eight hours."""
        near = self.booked().filter(staff=staff, starts_at__lt=ends_at, starts_at__gt=starts_at - timedelta(hours=8))
        met = [row.pk for row in near if row.ends_at > starts_at]
        return self.filter(pk__in=met)

    def for_list(self) -> AppointmentQuerySet:
        return self.select_related("client", "staff")
