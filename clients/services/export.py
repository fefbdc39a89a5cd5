"""What may leave of the clients: the list itself, their contacts, their daily assets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from clients.models import Client, ContactLog, DailyAsset
from clients.querysets.scope import sees_names
from clients.services.segments import refuse_secret_query
from crm.core.clocks import SHANGHAI, day_bounds, local_date
from crm.core.exporting import ExportColumn, ExportKind
from crm.core.masking import mask_address, mask_email, mask_id_number, mask_name, mask_phone
from crm.core.models import AuditEntry, ExportRequest, User
from crm.core.policies import figures
from crm.core.services.exporting import hand_out, request_export
from crm.core.versions import lock

_CLIENT = [
    ExportColumn("external_id", _("Client number"), lambda c: c.external_id),
    ExportColumn("name", _("Name"), lambda c: c.name),
    ExportColumn("kind", _("Kind"), lambda c: str(c.get_kind_display())),
    ExportColumn("status", _("Status"), lambda c: str(c.get_status_display())),
    ExportColumn("phone", _("Phone"), lambda c: c.phone, mask_phone),
    ExportColumn("id_number", _("Identity document"), lambda c: c.id_number, mask_id_number),
    ExportColumn("advisor_name", _("Served by"), lambda c: c.advisor.name if c.advisor else ""),
    ExportColumn("risk_grade", _("Risk grade"), lambda c: c.risk_grade),
    ExportColumn("risk_valid_until", _("Valid until"), lambda c: c.risk_valid_until),
    ExportColumn("total_assets", _("Assets (yuan)"), lambda c: c.total_assets, is_money=True),
    ExportColumn("assets_on", _("As of"), lambda c: c.assets_on),
    ExportColumn("last_contact_at", _("Last contact"), lambda c: c.last_contact_at),
    ExportColumn("next_contact_on", _("Next contact"), lambda c: c.next_contact_on),
    ExportColumn("opened_on", _("Client since"), lambda c: c.opened_on),
    ExportColumn("advisor", _("Staff number"), lambda c: c.advisor.staff_number if c.advisor else "", usual=False),
    ExportColumn("closed_on", _("Closed on"), lambda c: c.closed_on),
    ExportColumn("email", _("E-mail"), lambda c: c.email, mask_email, usual=False),
    ExportColumn("address", _("Address"), lambda c: c.address, mask_address, usual=False),
    ExportColumn("city", _("City"), lambda c: c.city, usual=False),
    ExportColumn("sex", _("Sex"), lambda c: str(c.get_sex_display()), usual=False),
    ExportColumn("birth_date", _("Date of birth"), lambda c: c.birth_date, usual=False),
    ExportColumn("occupation", _("Occupation"), lambda c: c.occupation, usual=False),
    ExportColumn("employer", _("Employer"), lambda c: c.employer, usual=False),
    ExportColumn("education", _("Education"), lambda c: c.education, usual=False),
    ExportColumn("marital_status", _("Marital status"), lambda c: c.marital_status, usual=False),
]
_OF_CLIENT = [
    ExportColumn("external_id", _("Client number"), lambda row: row.client.external_id),
    ExportColumn("name", _("Name"), lambda row: row.client.name),
]


class ClientExport(ExportKind):
    """The clients of a list."""

    key = "clients"
    label = _("Clients")
    permission = "clients.export_client"
    action = "client.export"
    object_type = "clients.client"
    columns: Sequence[ExportColumn] = _CLIENT
    key_columns: Sequence[str] = ("external_id",)
    #: What columns of other apps need in the statement of the rows, as expressions by name.
    along: ClassVar[dict[str, Any]] = {}

    def add(self, column: ExportColumn, along: Mapping[str, Any]) -> None:
        """Offer a column of an app further right; called from ``AppConfig.ready()``."""
        self.columns = [*self.columns, column]
        self.along.update(along)

    def rows(self, actor: User, asked: dict[str, Any]) -> QuerySet[Any]:
        return self.of(Client.objects.visible_to(actor).filter(pk__in=asked["clients"]), asked)

    def of(self, clients: QuerySet[Client], asked: dict[str, Any]) -> QuerySet[Any]:
        """The rows that leave of clients who are cut to what one may see already."""
        return (
            clients.filter(restricted_on=None).select_related("branch", "advisor").annotate(**self.along).order_by("pk")
        )

    def ref(self, row: Any) -> str:
        return str(row.public_id)

    def key_of(self, row: Any) -> str:
        return str(row.external_id)

    def prepared(self, actor: User, columns: Sequence[ExportColumn]) -> Sequence[ExportColumn]:
        """Whoever sees only clients whom he introduced gets no names."""
        if sees_names(actor):
            return columns
        return [
            replace(column, mask=mask_name) if column.name == "name" and column.mask is None else column
            for column in columns
        ]


class _DaysOfClients(ClientExport):
    """Rows that belong to clients, from one day to another."""

    permission = "clients.export_client"

    def ref(self, row: Any) -> str:
        return str(row.client.public_id)

    @staticmethod
    def days(asked: dict[str, Any]) -> tuple[date, date]:
        return date.fromisoformat(asked["since"]), date.fromisoformat(asked["until"])


class ContactExport(_DaysOfClients):
    """Their contacts, as they stand today."""

    key = "contacts"
    label = _("Contacts")
    action = "contact.export"
    object_type = "clients.contactlog"
    key_columns = ("external_id", "at")
    columns = [
        *_OF_CLIENT,
        ExportColumn("contact_id", _("Contact number"), lambda row: row.external_id or row.public_id),
        ExportColumn("at", _("At"), lambda row: row.at),
        ExportColumn("channel", _("Channel"), lambda row: str(row.get_channel_display())),
        ExportColumn("direction", _("Direction"), lambda row: str(row.get_direction_display())),
        ExportColumn("purpose", _("Purpose"), lambda row: str(row.get_purpose_display())),
        ExportColumn("outcome", _("Outcome"), lambda row: str(row.get_outcome_display())),
        ExportColumn("mood", _("Mood"), lambda row: str(row.get_mood_display())),
        ExportColumn("duration_seconds", _("Seconds"), lambda row: row.duration_seconds),
        ExportColumn("content", _("What was said"), lambda row: row.content),
        ExportColumn("next_on", _("Next contact on"), lambda row: row.next_on),
        ExportColumn("next_content", _("What to speak about next"), lambda row: row.next_content),
        ExportColumn("staff", _("Staff number"), lambda row: row.staff.staff_number),
    ]

    def of(self, clients: QuerySet[Client], asked: dict[str, Any]) -> QuerySet[Any]:
        first, last = self.days(asked)
        since, until = day_bounds(first)[0], day_bounds(last)[1]
        found = ContactLog.objects.standing().filter(
            client__in=clients, client__restricted_on=None, at__gte=since, at__lt=until
        )
        return found.select_related("client", "staff").order_by("client_id", "at", "pk")

    def key_of(self, row: Any) -> str:
        return f"{row.client.external_id}|{row.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


class AssetExport(_DaysOfClients):
    """Their assets by day."""

    key = "assets"
    label = _("Daily assets")
    action = "asset.export"
    object_type = "clients.dailyasset"
    key_columns = ("external_id", "day")
    columns = [
        *_OF_CLIENT,
        ExportColumn("day", _("Day"), lambda row: row.day),
        ExportColumn("net_assets", _("Net assets"), lambda row: row.net_assets, is_money=True),
        ExportColumn("market_value", _("Market value"), lambda row: row.market_value, is_money=True),
        ExportColumn("cash", _("Cash"), lambda row: row.cash, is_money=True),
        ExportColumn("margin_debt", _("Margin debt"), lambda row: row.margin_debt, is_money=True),
        ExportColumn("inflow", _("Inflow"), lambda row: row.inflow, is_money=True),
        ExportColumn("outflow", _("Outflow"), lambda row: row.outflow, is_money=True),
        ExportColumn("turnover", _("Turnover"), lambda row: row.turnover, is_money=True),
        ExportColumn("commission", _("Commission"), lambda row: row.commission, is_money=True),
    ]

    def of(self, clients: QuerySet[Client], asked: dict[str, Any]) -> QuerySet[Any]:
        first, last = self.days(asked)
        found = DailyAsset.objects.between(first, last).filter(client__in=clients, client__restricted_on=None)
        return found.select_related("client").order_by("day", "client_id")

    def key_of(self, row: Any) -> str:
        return f"{row.client.external_id}|{row.day.isoformat()}"


CLIENTS, CONTACTS, ASSETS = ClientExport(), ContactExport(), AssetExport()
EXPORTS = {kind.key: kind for kind in (CLIENTS, CONTACTS, ASSETS)}
#: Needed besides the right to export: to see such rows at all.
NEEDS = {"clients": "clients.view_client", "contacts": "clients.view_contactlog", "assets": "clients.view_dailyasset"}


@transaction.atomic
def take_out(
    *,
    actor: User,
    clients: QuerySet[Client],
    kind: str,
    said: dict[str, Any],
    narrowed_by: str,
    now: datetime,
    keep: bool = False,
) -> tuple[ExportRequest, bytes | None]:
    """The file at once, or None and a request that waits for somebody else. ``keep``: the file is fetched afterwards.

    ``clients`` are cut by ``visible_to`` already. A request it becomes when private values are wanted in full, or when with
    this file more clients or rows than ``export.approval_above`` would have left today by the same hand; a client who left
    twice counts once. The row of the actor is locked, so that two files at once count as two. Raises ``InvalidInput`` for a
    list that is narrowed by a secret segment.
    """
    refuse_secret_query(narrowed_by)
    limit = figures(local_date(now), actor.branch).integer("export.approval_above")
    asked = {"since": _iso(said.get("since"), now), "until": _iso(said.get("until"), now)}
    rows = EXPORTS[kind].of(clients, asked)
    lock(User.objects.all(), pk=actor.pk)
    terms: dict[str, Any] = {
        "actor": actor, "kind": kind, "form": said["form"], "columns": said["columns"], "reason": said["reason"],
        "narrowed_by": narrowed_by, "now": now,
    }  # fmt: skip
    few = rows[: limit + 1].count() <= limit and _fits_today(actor, clients, rows, kind, limit, now)
    if few and not said.get("is_unmasked"):
        return hand_out(rows=rows, keep=keep, **terms)
    frozen = {**asked, "clients": list(clients.order_by("pk").values_list("pk", flat=True))}
    export = request_export(asked=frozen, count=rows.count(), is_unmasked=bool(said.get("is_unmasked")), **terms)
    return export, None


def _iso(day: date | None, now: datetime) -> str:
    return (day or local_date(now)).isoformat()


def _fits_today(
    actor: User, clients: QuerySet[Client], rows: QuerySet[Any], kind: str, limit: int, now: datetime
) -> bool:
    leaving = rows.values_list("public_id" if kind == "clients" else "client__public_id", flat=True)
    return len(_taken_today(actor, now) | set(leaving.distinct().order_by()[: limit + 1])) <= limit


def _taken_today(actor: User, now: datetime) -> set[str]:
    """Public ids of the clients whom ``actor`` has taken out since local midnight without anybody's word."""
    since, until = day_bounds(local_date(now))
    actions = [kind.action for kind in EXPORTS.values()]
    files = AuditEntry.objects.filter(actor=actor, action__in=actions, at__gte=since, at__lt=until)
    free = files.exclude(after__approved_by__gt="")
    return {public_id for ids in free.values_list("object_ids", flat=True) for public_id in ids}
