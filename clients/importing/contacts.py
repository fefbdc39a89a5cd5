"""Contact logs from a file. What stands is never overwritten: a row that says something else is refused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clients.days import EARLIEST
from clients.importing.lookup import (
    CLIENT_FIELD,
    UNKNOWN_STAFF,
    ForClients,
    clients_by_number,
    staff_by_number,
    unknown_client,
)
from clients.models import Channel, ContactLog
from clients.services.contacts import refresh_contact_facts
from crm.core.clocks import SHANGHAI
from crm.core.importing import ImportContext, ImportField, InputRow, RowPlan, Stage
from crm.core.importing.model_target import ModelTarget, Old, Resolved
from crm.core.importing.targets import CREATED, UPDATED

#: A file that knows only the day of a contact: noon says that no better than any hour, and never moves the day.
_NOON = time(12, 0)


class ContactTarget(ForClients, ModelTarget):
    """One row = one contact of one client; channel and outcome may be unknown and the content may be missing."""

    kind = "contacts"
    label = gettext_lazy("Contacts")
    permission = "clients.add_contactlog"
    model = ContactLog
    identity = ("client_id", "external_id")
    row_key_field = "external_id"
    date_field = "on"
    columns = {"external_id": None, "contact_id": None, "on": None, "staff": "staff_id"}
    extra = ("client_id", "external_id", "at", "channel", "staff_id")
    fields = [
        CLIENT_FIELD,
        ImportField(
            "contact_id",
            "code",
            gettext_lazy("contact number"),
            max_length=60,
            help=gettext_lazy("What makes the contact one of its own; without it day and channel do."),
        ),
        ImportField("at", "datetime", gettext_lazy("at"), headers=("联系时间", "时间", "time")),
        ImportField("on", "date", gettext_lazy("on"), headers=("联系日期", "日期", "date")),
        ImportField(
            "channel", "choice", gettext_lazy("channel"), choices=Channel.choices, headers=("联系方式", "渠道")
        ),
        ImportField("direction", "choice", gettext_lazy("direction"), choices=ContactLog.Direction.choices),
        ImportField("purpose", "choice", gettext_lazy("purpose"), choices=ContactLog.Purpose.choices),
        ImportField(
            "outcome", "choice", gettext_lazy("outcome"), choices=ContactLog.Outcome.choices, headers=("结果",)
        ),
        ImportField("mood", "choice", gettext_lazy("mood"), choices=ContactLog.Mood.choices),
        ImportField(
            "duration_seconds", "integer", gettext_lazy("seconds"), minimum=0, headers=("通话时长", "duration")
        ),
        ImportField(
            "content",
            "text",
            gettext_lazy("what was said"),
            max_length=4000,
            headers=("联系内容", "内容", "备注", "note", "text"),
        ),
        ImportField("next_on", "date", gettext_lazy("next contact on"), headers=("下次联系日期",)),
        ImportField("next_content", "text", gettext_lazy("what to speak about next"), headers=("下次联系内容",)),
        ImportField("staff", "code", gettext_lazy("by"), headers=("联系人工号", "工号", "staff number")),
    ]

    def rows_in_scope(self, context: ImportContext) -> QuerySet[Any]:
        return ContactLog.objects.filter(client__branch=context.branch)

    def fixed(self, context: ImportContext) -> dict[str, Any]:
        return {}

    def resolve(self, context: ImportContext, rows: list[InputRow]) -> Iterable[Resolved]:
        clients = clients_by_number(context, rows)
        staff = staff_by_number(context, (row.values.get("staff") for row in rows))
        return [self._one(context, row, clients, staff) for row in rows]

    def _one(self, context: ImportContext, row: InputRow, clients: dict[str, int], staff: dict[str, int]) -> Resolved:
        values = dict(row.values)
        client_id = clients.get(values.pop("external_id"))
        if client_id is None:
            return unknown_client(row)
        at, on = values.get("at"), values.pop("on", None)
        if at is None and on is not None:
            at = datetime.combine(on, _NOON, tzinfo=SHANGHAI)
        if at is None:
            return row.problem("at", "required")
        if at > context.now:
            return row.problem(
                "at" if values.get("at") else "on", "in_future", _("A contact cannot lie in the future.")
            )
        if at.astimezone(SHANGHAI).date() < EARLIEST:
            return row.problem("at" if values.get("at") else "on", "too_early", _("This day lies too far back."))
        by = values.pop("staff", None)
        if by is not None and by not in staff:
            return row.problem("staff", "unknown_staff", str(UNKNOWN_STAFF))
        channel = values.get("channel") or Channel.UNKNOWN
        number = values.pop("contact_id", None) or f"{at.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}-{channel}"
        for name in ("direction", "purpose", "outcome"):
            if name in values and values[name] is None:
                del values[name]
        return {
            **values,
            "client_id": client_id,
            "external_id": number,
            "at": at,
            "channel": channel,
            **({"staff_id": staff[by]} if by is not None else {}),
        }

    def same(self, attname: str, old: Any, new: Any) -> bool:
        """A file knows the second of a contact at best; what a phone sent knows more."""
        if attname == "at" and old is not None and new is not None:
            return bool(old.replace(microsecond=0) == new.replace(microsecond=0))
        return super().same(attname, old, new)

    def _existing(self, context: ImportContext, wanted: list[tuple[Any, ...]]) -> dict[tuple[Any, ...], Old]:
        """Besides rows that a file has numbered, those that our own exports call by their public id."""
        found = super()._existing(context, wanted)
        ours = {number: client_id for client_id, number in wanted if (client_id, number) not in found}
        standing = ContactLog.objects.standing().filter(client__branch=context.branch, external_id="")
        rows = {row.public_id: row for row in standing.filter(public_id__in=ours)}
        for number, row in rows.items():
            if row.client_id == ours[number]:
                names = [*self.shape.keys, *self.identity, *self.watched(context), "public_id"]
                found[(row.client_id, number)] = {name: getattr(row, name) for name in dict.fromkeys(names)}
        return found

    def derive(self, context: ImportContext, values: dict[str, Any], *, new: bool) -> dict[str, Any]:
        return {} if values.get("staff_id") else {"staff_id": context.actor.pk}

    def plan(self, context: ImportContext, rows: list[InputRow]) -> Iterable[RowPlan]:
        text = _("This contact is on file with another wording. Correct it there; a file never overwrites it.")
        for plan in super().plan(context, rows):
            if plan.outcome == UPDATED:
                yield plan.row.rejected(plan.row.problem("contact_id", "contact_differs", text))
            else:
                yield plan

    # -- the clients' last contact and next date follow ----------------------------------------------------------------

    def after_apply(self, context: ImportContext, stage: Stage) -> None:
        self._refresh(context, stage)

    def after_undo(self, context: ImportContext, stage: Stage) -> None:
        self._refresh(context, stage)

    def _refresh(self, context: ImportContext, stage: Stage) -> None:
        at = self.layout(context).index("client_id")
        refresh_contact_facts({row.values[at] for row in stage.rows(CREATED)}, context.now)
