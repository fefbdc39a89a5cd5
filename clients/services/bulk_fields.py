"""What can be changed for many clients at once: for each field what stands there, what it becomes, and the service that does it.

No field has a rule of its own: what the service of one client refuses, it refuses here as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from clients.models import (
    AdvisorAssignment,
    BulkEditRow,
    BusinessLine,
    BusinessLineMark,
    Channel,
    Client,
    ClientTag,
    NextDateMove,
    Stage,
    StageOverride,
    Tag,
    TagChange,
)
from clients.services.accounts import mark_line, unmark_line
from clients.services.bulk_kinds import BulkField, Moment, Said, Why
from clients.services.clients import assign_advisor, change_client, set_do_not_contact
from clients.services.next_dates import put_off_next_date, take_back_put_off
from clients.services.stages import end_stage, set_stage
from clients.services.tags import set_tag, undo_tags
from crm.core.batches import batches
from crm.core.errors import InvalidInput
from crm.core.models import User


class Fact(BulkField):
    """A fact of the client himself, kept by ``client.change``."""

    name = ""

    def held(self, clients: Collection[int], said: Said) -> dict[int, Any]:
        return dict(Client.objects.filter(pk__in=clients).values_list("pk", self.name))

    def apply(self, client: Client, said: Said, held: Any, moment: Moment) -> str:
        self._write(client, self.target(held, said), moment)
        return ""

    def put_back(self, client: Client, row: BulkEditRow, moment: Moment) -> None:
        self._write(client, row.before, moment)

    def _write(self, client: Client, value: Any, moment: Moment) -> None:
        change_client(client=client, values={self.name: value}, actor=moment.actor, now=moment.now)


class PreferredChannel(Fact):
    key = name = "preferred_channel"
    label = gettext_lazy("Preferred channel")

    def target(self, held: Any, said: Said) -> Any:
        return said["channel"]

    def words(self, value: Any, hidden: Collection[str] = ()) -> str:
        return str(Channel(value).label) if value else "—"


class ForbiddenChannel(Fact):
    """A channel by which the client wants no contact, or wants it again; the others stay as they are."""

    key = "forbidden_channel"
    name = "forbidden_channels"
    label = gettext_lazy("No contact by one channel")

    def target(self, held: Any, said: Said) -> Any:
        codes = set(held.split()) - {said["channel"]}
        return " ".join(sorted(codes | ({said["channel"]} if said["on"] else set())))

    def words(self, value: Any, hidden: Collection[str] = ()) -> str:
        return _(", ").join(str(Channel(code).label) for code in (value or "").split()) or "—"


class DoNotContact(BulkField):
    key = "do_not_contact"
    label = gettext_lazy("Do not contact")

    def held(self, clients: Collection[int], said: Said) -> dict[int, Any]:
        rows = Client.objects.filter(pk__in=clients).values_list("pk", "do_not_contact", "do_not_contact_reason")
        return {pk: [on, reason] for pk, on, reason in rows}

    def target(self, held: Any, said: Said) -> Any:
        return [said["on"], said["reason"] if said["on"] else ""]

    def same(self, held: Any, target: Any) -> bool:
        return bool(held and held[0] == target[0])

    def apply(self, client: Client, said: Said, held: Any, moment: Moment) -> str:
        set_do_not_contact(client=client, do_not_contact=said["on"], reason=said["reason"], actor=moment.actor)
        return ""

    def stands(self, row: BulkEditRow) -> bool:
        """With its reason: who was asked to be left alone again since, for a reason of his own, stays so."""
        return bool(self.held([row.client_id], row.edit.said).get(row.client_id) == row.after)

    def put_back(self, client: Client, row: BulkEditRow, moment: Moment) -> None:
        held: Any = row.before
        on, reason = held
        set_do_not_contact(client=client, do_not_contact=on, reason=reason or moment.reason, actor=moment.actor)

    def words(self, value: Any, hidden: Collection[str] = ()) -> str:
        return _("Do not contact") if value and value[0] else _("May be contacted")


class Book(BulkField):
    """In whose book the clients are; nobody's where nobody is named."""

    key = "advisor"
    label = gettext_lazy("Advisor")
    right = "clients.assign_client"

    def read(self, said: Said) -> Said:
        return {**said, "taker": self._taker(said["advisor"])}

    def held(self, clients: Collection[int], said: Said) -> dict[int, Any]:
        rows = Client.objects.filter(pk__in=clients).values_list("pk", "advisor__public_id", "advisor__name")
        return {pk: [who, name] if who else None for pk, who, name in rows}

    def target(self, held: Any, said: Said) -> Any:
        taker = said["taker"]
        return [taker.public_id, taker.name] if taker else None

    def same(self, held: Any, target: Any) -> bool:
        return bool((held or [""])[0] == (target or [""])[0])

    def why_not(self, client: Client, held: Any, said: Said) -> str:
        taker = said["taker"]
        return Why.ELSEWHERE if taker is not None and taker.branch_id != client.branch_id else ""

    def apply(self, client: Client, said: Said, held: Any, moment: Moment) -> str:
        made = self._assign(client, self._taker(said["advisor"]), said["reason"], moment)
        return made.public_id if made else ""

    def put_back(self, client: Client, row: BulkEditRow, moment: Moment) -> None:
        self._assign(client, self._taker((row.before or [""])[0]), moment.reason, moment)

    def stands(self, row: BulkEditRow) -> bool:
        """The very assignment: who got the client again from somebody else keeps him."""
        present = AdvisorAssignment.objects.filter(client_id=row.client_id, until=None).values_list(
            "public_id", flat=True
        )
        return (present.first() or "") == row.trace

    def words(self, value: Any, hidden: Collection[str] = ()) -> str:
        return str(value[1]) if value else _("Nobody")

    def _taker(self, public_id: str) -> User | None:
        found: User | None = User.objects.filter(public_id=public_id).first() if public_id else None
        return found

    def _assign(self, client: Client, taker: User | None, reason: str, moment: Moment) -> AdvisorAssignment | None:
        return assign_advisor(client=client, advisor=taker, reason=reason, actor=moment.actor, now=moment.now)


class StageByHand(BulkField):
    """The stage of the relationship, set by hand up to a day."""

    key = "stage"
    label = gettext_lazy("Stage of the relationship")
    right = "clients.add_stageoverride"

    def held(self, clients: Collection[int], said: Said) -> dict[int, Any]:
        found: dict[int, Any] = {
            pk: {"stage": stage, "by_hand": None}
            for pk, stage in Client.objects.filter(pk__in=clients).values_list("pk", "stage")
        }
        names = ("client_id", "stage", "until", "reason")
        for pk, stage, until, reason in StageOverride.objects.open().filter(client__in=clients).values_list(*names):
            found[pk]["by_hand"] = [stage, until.isoformat(), reason]
        return found

    def target(self, held: Any, said: Said) -> Any:
        return {"stage": said["stage"], "by_hand": [said["stage"], said["until"], said["reason"]]}

    def apply(self, client: Client, said: Said, held: Any, moment: Moment) -> str:
        until = date.fromisoformat(said["until"])
        return self._set(client, said["stage"], until, said["reason"], moment)

    def stands(self, row: BulkEditRow) -> bool:
        return bool(StageOverride.objects.open().filter(public_id=row.trace).exists())

    def put_back(self, client: Client, row: BulkEditRow, moment: Moment) -> None:
        held: Any = row.before
        by_hand = held["by_hand"]
        if by_hand and date.fromisoformat(by_hand[1]) >= moment.today:
            self._set(client, by_hand[0], date.fromisoformat(by_hand[1]), by_hand[2], moment)
        else:
            end_stage(client=client, actor=moment.actor, now=moment.now)

    def words(self, value: Any, hidden: Collection[str] = ()) -> str:
        if not value or not value["stage"]:
            return "—"
        shown = str(Stage(value["stage"]).label)
        if by_hand := value["by_hand"]:
            return _("%(stage)s (by hand until %(day)s)") % {"stage": shown, "day": by_hand[1]}
        return shown

    def _set(self, client: Client, stage: str, until: date, reason: str, moment: Moment) -> str:
        made = set_stage(client=client, stage=stage, until=until, reason=reason, actor=moment.actor, now=moment.now)
        return str(made.public_id)


class LineMark(BulkField):
    """A business line of which accounts tell nothing."""

    key = "line"
    label = gettext_lazy("Mark of a business line")

    def held(self, clients: Collection[int], said: Said) -> dict[int, Any]:
        rows = BusinessLineMark.objects.filter(client__in=clients, line=said["line"]).values_list("client_id", "note")
        return {**dict.fromkeys(clients), **{pk: [said["line"], note] for pk, note in rows}}

    def target(self, held: Any, said: Said) -> Any:
        return [said["line"], said["note"]] if said["on"] else None

    def why_not(self, client: Client, held: Any, said: Said) -> str:
        return Why.CLOSED if said["on"] and client.status == Client.Status.CLOSED else ""

    def apply(self, client: Client, said: Said, held: Any, moment: Moment) -> str:
        self._write(client, said["line"], said["note"] if said["on"] else None, moment)
        return ""

    def put_back(self, client: Client, row: BulkEditRow, moment: Moment) -> None:
        self._write(client, row.edit.said["line"], row.before[1] if row.before else None, moment)

    def words(self, value: Any, hidden: Collection[str] = ()) -> str:
        return f"{BusinessLine(value[0]).label}: {value[1]}" if value else _("Not marked")

    def _write(self, client: Client, line: str, note: str | None, moment: Moment) -> None:
        if note is not None:
            mark_line(client=client, line=line, note=note, actor=moment.actor, now=moment.now)
        elif mark := BusinessLineMark.objects.filter(client=client, line=line).first():
            unmark_line(mark=mark, actor=moment.actor)


class NextDate(BulkField):
    """The day of the next contact that was promised, put off."""

    key = "next_date"
    label = gettext_lazy("Next contact")
    right = "clients.add_contactlog"

    def held(self, clients: Collection[int], said: Said) -> dict[int, Any]:
        rows = Client.objects.filter(pk__in=clients).values_list("pk", "next_contact_on")
        return {pk: day.isoformat() if day else None for pk, day in rows}

    def target(self, held: Any, said: Said) -> Any:
        return said["to"]

    def why_not(self, client: Client, held: Any, said: Said) -> str:
        return "" if held else Why.NO_DATE

    def apply(self, client: Client, said: Said, held: Any, moment: Moment) -> str:
        to = date.fromisoformat(said["to"])
        return str(put_off_next_date(client=client, to=to, actor=moment.actor, now=moment.now).public_id)

    def put_back(self, client: Client, row: BulkEditRow, moment: Moment) -> None:
        move = NextDateMove.objects.get(public_id=row.trace)
        take_back_put_off(move=move, actor=moment.actor, now=moment.now)


class IntroducedBy(BulkField):
    """The client who introduced them."""

    key = "introduced_by"
    label = gettext_lazy("Introduced by client")

    def held(self, clients: Collection[int], said: Said) -> dict[int, Any]:
        rows = Client.objects.filter(pk__in=clients).annotate(who=F("introduced_by_client__public_id"))
        found = rows.values_list("pk", "who", "introduced_by_client__external_id")
        return {pk: [who, number] if who else None for pk, who, number in found}

    def target(self, held: Any, said: Said) -> Any:
        return [said["introducer"], said["number"]] if said["introducer"] else None

    def why_not(self, client: Client, held: Any, said: Said) -> str:
        return Why.ITSELF if client.public_id == said["introducer"] else ""

    def apply(self, client: Client, said: Said, held: Any, moment: Moment) -> str:
        self._write(client, said["introducer"], moment)
        return ""

    def put_back(self, client: Client, row: BulkEditRow, moment: Moment) -> None:
        self._write(client, row.before[0] if row.before else "", moment)

    def hidden(self, values: Iterable[Any], user: User) -> Collection[str]:
        named = {value[0] for value in values if value}
        seen: set[str] = set()
        for part in batches(sorted(named)):
            seen |= set(Client.objects.visible_to(user).filter(public_id__in=part).values_list("public_id", flat=True))
        return named - seen

    def words(self, value: Any, hidden: Collection[str] = ()) -> str:
        if not value:
            return "—"
        return _("A client beyond your reach") if value[0] in hidden else str(value[1])

    def _write(self, client: Client, public_id: str, moment: Moment) -> None:
        other = Client.objects.filter(public_id=public_id).first() if public_id else None
        values = {"introduced_by_client": other}
        change_client(client=client, values=values, actor=moment.actor, now=moment.now)


class ManualTag(BulkField):
    key = "tag"
    label = pgettext_lazy("bulk edit", "Tag")
    right = "clients.set_tag"

    def held(self, clients: Collection[int], said: Said) -> dict[int, Any]:
        rows = ClientTag.objects.manual().filter(client__in=clients, tag__public_id=said["tag"])
        carried = dict(rows.values_list("client_id", "tag__name"))
        return {pk: carried.get(pk) for pk in clients}

    def target(self, held: Any, said: Said) -> Any:
        return said["name"] if said["on"] else None

    def same(self, held: Any, target: Any) -> bool:
        return bool(held) == bool(target)

    def apply(self, client: Client, said: Said, held: Any, moment: Moment) -> str:
        tag = Tag.objects.get(public_id=said["tag"])
        change = set_tag(tag=tag, clients=[client], is_set=said["on"], actor=moment.actor, now=moment.now)
        return str(change.public_id)

    def put_back(self, client: Client, row: BulkEditRow, moment: Moment) -> None:
        change = TagChange.objects.select_related("tag").get(public_id=row.trace)
        if TagChange.objects.undoable(moment.now).filter(pk=change.pk).exists():
            undo_tags(change=change, actor=moment.actor, now=moment.now)
        else:
            back = not change.is_set
            set_tag(tag=change.tag, clients=[client], is_set=back, actor=moment.actor, now=moment.now)


FIELDS: dict[str, BulkField] = {
    field.key: field
    for field in (
        Book(),
        PreferredChannel(),
        ForbiddenChannel(),
        DoNotContact(),
        NextDate(),
        StageByHand(),
        LineMark(),
        IntroducedBy(),
        ManualTag(),
    )
}


def fields_for(user: User) -> list[BulkField]:
    """The fields that a member of staff may change for many."""
    return [field for field in FIELDS.values() if user.has_perm(field.right)]


def field_of(key: str) -> BulkField:
    """Raises ``InvalidInput`` for one that nobody knows."""
    if key not in FIELDS:
        raise InvalidInput(fields={"field": _("This cannot be changed for many clients at once.")})
    return FIELDS[key]
