"""Taking a list of clients out of the house: with a reason, up to a limit, and on record with every client in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from clients.errors import ExportTooLarge
from clients.models import Client
from crm.core import audit
from crm.core.clocks import SHANGHAI, day_bounds, local_date
from crm.core.errors import InvalidInput
from crm.core.masking import mask_id_number, mask_name, mask_phone
from crm.core.models import AuditEntry, User
from crm.core.policies import figures
from crm.core.service import service
from crm.core.versions import lock


@service("client.export")
def export_clients(
    *, actor: User, rows: QuerySet[Client], narrowed_by: str, reason: str, now: datetime
) -> list[Client]:
    """The clients that may leave, once the export stands in the trail with all of their ids.

    ``rows`` are cut by ``visible_to`` already. Raises ``ExportTooLarge`` when with this file more clients than
    ``export.approval_above`` would have left today by the same hand; a client who left twice counts once. The row of the
    actor is locked, so that two files at once count as two.
    """
    if len(reason.strip()) < 4:
        raise InvalidInput(fields={"reason": _("Say what the export is for.")})
    limit = figures(local_date(now), actor.branch).integer("export.approval_above")
    found = list(rows.select_related("branch", "advisor").order_by("pk")[: limit + 1])
    lock(User.objects.all(), pk=actor.pk)
    if len(_taken_today(actor, now) | {client.public_id for client in found}) > limit:
        raise ExportTooLarge
    audit.record(
        actor,
        "client.export",
        "clients.client",
        after={"rows": len(found), "filter": narrowed_by[:300]},
        reason=reason.strip(),
        ids=[client.public_id for client in found],
        is_read=True,
    )
    return found


def _taken_today(actor: User, now: datetime) -> set[str]:
    """Public ids of the clients whom ``actor`` has exported since local midnight; the audit trail is the count."""
    since, until = day_bounds(local_date(now))
    files = AuditEntry.objects.filter(actor=actor, action="client.export", at__gte=since, at__lt=until)
    return {public_id for ids in files.values_list("object_ids", flat=True) for public_id in ids}


def watermark(actor: User, reason: str, now: datetime) -> str:
    """The first line of every file: who took it out, when and what for."""
    return _("Confidential. Exported by %(name)s (%(number)s) on %(at)s: %(reason)s") % {
        "name": actor.name,
        "number": actor.staff_number,
        "at": f"{now.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        "reason": reason.strip(),
    }


def head() -> Sequence[str]:
    return (
        _("Client number"),
        _("Name"),
        _("Kind"),
        _("Status"),
        _("Phone"),
        _("Identity document"),
        _("Served by"),
        _("Risk grade"),
        _("Valid until"),
        _("Assets (yuan)"),
        _("As of"),
        _("Last contact"),
        _("Next contact"),
        _("Client since"),
    )


def lines(clients: Sequence[Client], *, full_names: bool) -> Iterator[tuple[Any, ...]]:
    """One line for each client; private values masked as on the page."""
    for client in clients:
        yield (
            client.external_id,
            client.display_name if full_names else mask_name(client.display_name),
            str(client.get_kind_display()),
            str(client.get_status_display()),
            mask_phone(client.phone),
            mask_id_number(client.id_number),
            client.advisor.name if client.advisor else "",
            client.risk_grade,
            client.risk_valid_until,
            client.total_assets,
            client.assets_on,
            client.last_contact_at,
            client.next_contact_on,
            client.opened_on,
        )
