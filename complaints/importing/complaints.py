"""Complaints from a file, with what the file reports about lateness and dispute kept as its own words beside our clocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clients.identity import IdentityRefused, read_phone
from clients.importing.lookup import UNKNOWN_CLIENT, ForClients, by_number
from clients.importing.points import only_warns, phone_country
from complaints.models import Complaint, ComplaintClock, ComplaintEvent
from complaints.services.clocks import clocks_of
from complaints.steps import BY_ACTION
from crm.core.clocks import SHANGHAI, Calendar, local_date
from crm.core.crypto import blind_index
from crm.core.importing import ImportContext, ImportField, InputRow, Problem, RowPlan, Stage, StagedRow
from crm.core.importing.model_target import ModelTarget, Resolved
from crm.core.importing.targets import CREATED, UPDATED
from crm.core.importing.touched import Touched
from crm.core.models import User
from crm.core.policies import Figures, figures

State = Complaint.State
#: A file that knows only the day: noon says no more than that, and never moves the day.
_NOON = time(12, 0)
#: A cell left blank says nothing about these: they always have a value.
_NEVER_BLANK = ("channel", "subject", "level")
#: Steps that the house writes by itself; any other shows that somebody has worked on the complaint.
_OWN_STEPS = ("import", "overdue")
#: What clocks and recusal hang on: a file that says otherwise than before is a matter for people.
_SETTLED = frozenset({"received_at", "level", "complained_of_id"})
#: What the file reports of itself; it may always say it better.
_REPORTS = frozenset({"reported_late", "reported_disputed", "reported_outcome", "reported_sent_on"})
#: Outcomes that say that there is none yet.
_STILL_OPEN = frozenset(
    {"in progress", "open", "pending", "处理中", "办理中", "调查中", "待处理", "待办理", "未办结", "未处理", "未完成"}
)
_PAGE = 500


class ComplaintTarget(ForClients, ModelTarget):
    """One row = one complaint of the branch, found by its number at the source; it may come without a client.

    A complaint that the file calls closed comes in closed on the day the file names (closing, else handing on, else receipt);
    one that was disputed afterwards comes in reopened, and its clocks run from the day of the import.
    """

    kind = "complaints"
    label = gettext_lazy("Complaints")
    permission = "complaints.add_complaint"
    model = Complaint
    identity = ("branch_id", "external_id")
    row_key_field = "external_id"
    client_field = "client"
    columns = {
        "client": "client_id",
        "complained_of": "complained_of_id",
        "received_on": None,
        "closed_on": None,
        "ended": None,
    }
    extra = ("client_id", "received_at", "state", "closed_at", "rounds", "number")
    derived = ("complainant_phone_index", "registered_by_id")
    never_update = ("state", "closed_at", "rounds", "number", "registered_by_id")
    fields = [
        ImportField(
            "external_id",
            "code",
            gettext_lazy("number at the source"),
            required=True,
            max_length=24,
            headers=("投诉编号", "工单号", "编号", "complaint_id", "complaint id", "case number"),
        ),
        ImportField(
            "client",
            "code",
            gettext_lazy("client number"),
            headers=("客户号", "客户编号", "资金账号"),
            help=gettext_lazy("Empty where the complainant is no client of the branch."),
        ),
        ImportField("complainant_name", "text", gettext_lazy("complainant"), sensitive=True, max_length=80),
        ImportField("complainant_phone", "text", gettext_lazy("phone"), sensitive=True, reads="phone", max_length=40),
        ImportField("received_at", "datetime", gettext_lazy("received at"), headers=("受理时间", "投诉时间")),
        ImportField("received_on", "date", gettext_lazy("received on"), headers=("投诉日期", "date_received")),
        ImportField(
            "channel",
            "choice",
            gettext_lazy("channel"),
            required_for_new=True,
            choices=Complaint.Channel.choices,
            headers=("投诉渠道", "来源", "submitted_via"),
        ),
        ImportField(
            "subject",
            "choice",
            gettext_lazy("subject"),
            required_for_new=True,
            choices=Complaint.Subject.choices,
            headers=("投诉类别", "事项", "issue"),
        ),
        ImportField(
            "complained_of",
            "code",
            gettext_lazy("staff number complained of"),
            headers=("被投诉人工号", "被投诉人"),
            help=gettext_lazy("He and all below him will neither see nor handle the complaint."),
        ),
        ImportField("product", "text", gettext_lazy("product or service"), max_length=120, headers=("产品", "业务")),
        ImportField(
            "description",
            "text",
            gettext_lazy("what happened"),
            headers=("投诉内容", "内容", "consumer_complaint_narrative"),
        ),
        ImportField("wish", "text", gettext_lazy("what the complainant wants"), max_length=400, headers=("诉求",)),
        ImportField("level", "choice", gettext_lazy("level"), choices=Complaint.Level.choices, headers=("级别",)),
        ImportField(
            "ended",
            "boolean",
            gettext_lazy("complaint closed"),
            headers=("是否办结", "closed"),
            help=gettext_lazy(
                "Whether the file calls the complaint closed; without it, one with a day of closing or an outcome is."
            ),
        ),
        ImportField("closed_on", "date", gettext_lazy("complaint closed on"), headers=("办结日期",)),
        ImportField("reported_late", "boolean", gettext_lazy("late as reported"), headers=("是否超期",)),
        ImportField(
            "reported_disputed",
            "boolean",
            gettext_lazy("disputed as reported"),
            headers=("是否有异议", "consumer_disputed"),
        ),
        ImportField(
            "reported_outcome",
            "text",
            gettext_lazy("outcome as reported"),
            max_length=120,
            headers=("处理结果", "company_response_to_consumer"),
        ),
        ImportField(
            "reported_sent_on",
            "date",
            gettext_lazy("passed on, as reported"),
            headers=("转办日期", "date_sent_to_company"),
        ),
    ]

    # -- one row -------------------------------------------------------------------------------------------------------

    def resolve(self, context: ImportContext, rows: list[InputRow]) -> Iterable[Resolved]:
        numbers = {row.values["client"] for row in rows if row.values.get("client")}
        clients = by_number(context, numbers) if numbers else {}
        staff = _staff(context, {row.values["complained_of"] for row in rows if row.values.get("complained_of")})
        context.memo["complaints.unreadable"] = {}
        return [self._one(context, row, clients, staff) for row in rows]

    def _one(self, context: ImportContext, row: InputRow, clients: dict[str, int], staff: dict[str, int]) -> Resolved:
        values = self.stored(row)
        values.pop("client_id", None)
        about = values.pop("complained_of_id", None)
        problems = _read_phone(context, row, values)
        received = row.values.get("received_at") or _noon(row.values.get("received_on"))
        if received is None:
            problems.append(row.problem("received_on", "required"))
        elif local_date(received) > local_date(context.now):
            problems.append(row.problem("received_on", "in_future", _("This day has not come yet.")))
        number = row.values.get("client")
        if number and number not in clients:
            problems.append(row.problem("client", "unknown_client", str(UNKNOWN_CLIENT)))
        if about and about not in staff:
            problems.append(
                row.problem("complained_of", "unknown_staff", _("The company has nobody with this number."))
            )
        if problems or received is None:
            return problems
        if about:
            values["complained_of_id"] = staff[about]
        for name in _NEVER_BLANK:
            if name in values and values[name] is None:
                del values[name]
        if "client" in row.values:
            values["client_id"] = clients.get(number) if number else None
        return {**values, "received_at": received, **_standing(context, row, received)}

    def derive(self, context: ImportContext, values: dict[str, Any], *, new: bool) -> dict[str, Any]:
        phone = values.get("complainant_phone")
        index = {"complainant_phone_index": blind_index(phone)} if isinstance(phone, str) else {}
        return {**index, "registered_by_id": context.actor.pk} if new else index

    def plan(self, context: ImportContext, rows: list[InputRow]) -> Iterable[RowPlan]:
        """A complaint on file is changed only in what neither clocks nor the work of people rest on."""
        text = _("This complaint is on file otherwise. Correct it there; a file does not overwrite it.")
        plans = list(super().plan(context, rows))
        worked_on = _worked_on([plan.ref for plan in plans if plan.outcome == UPDATED])
        unreadable: dict[int, Problem] = context.memo["complaints.unreadable"]
        for plan in plans:
            if plan.row.number in unreadable:
                plan.warnings = [*plan.warnings, unreadable[plan.row.number]]
            if plan.outcome == UPDATED:
                changed = {name for name, value in plan.values.items() if plan.before.get(name) != value}
                if changed & _SETTLED or (plan.ref in worked_on and changed - _REPORTS):
                    yield plan.row.rejected(plan.row.problem("external_id", "complaint_differs", text))
                    continue
            yield plan

    # -- clocks and the first line of the dossier ----------------------------------------------------------------------

    def after_apply(self, context: ImportContext, stage: Stage) -> None:
        calendar, known = Calendar.load(), _Figures(context)
        for rows in _complaints(stage):
            clocks: list[ComplaintClock] = []
            for complaint in rows:
                clocks += _clocks(complaint, local_date(context.now), calendar, known)
            ComplaintClock.objects.bulk_create(clocks, batch_size=_PAGE)
            _write_down(context, rows)
        for rows in _complaints(stage, UPDATED):
            _write_down(context, rows)

    def named_clients(self, page: list[StagedRow]) -> dict[int, str]:
        found = Complaint.objects.filter(public_id__in=[row.ref for row in page]).exclude(client=None)
        clients = dict(found.values_list("public_id", "client__external_id"))
        return {row.number: clients[row.ref] for row in page if row.ref in clients}

    def undo(self, context: ImportContext, stage: Stage) -> None:
        for page in stage.chunks(CREATED, size=_PAGE):
            _refuse_worked_on(page)
        for rows in _complaints(stage):
            ComplaintEvent.objects.filter(complaint__in=rows).delete()
            ComplaintClock.objects.filter(complaint__in=rows).delete()
        for rows in _complaints(stage, UPDATED):
            own = ComplaintEvent.objects.filter(complaint__in=rows, action="import")
            own.filter(facts__batch=context.batch.public_id).delete()
        super().undo(context, stage)


def _write_down(context: ImportContext, rows: list[Complaint]) -> None:
    """That the file made or changed these complaints, in the dossier of each."""
    ComplaintEvent.objects.bulk_create(
        ComplaintEvent(
            complaint=complaint,
            action="import",
            to_state=complaint.state,
            actor=context.actor,
            at=context.now,
            facts={"batch": context.batch.public_id},
        )
        for complaint in rows
    )


def _read_phone(context: ImportContext, row: InputRow, values: dict[str, Any]) -> list[Problem]:
    """Bring the complainant's phone into the form in which it is kept; what is wrong with it, unless that is only warned of."""
    name = "complainant_phone"
    text = values.get(name) or ""
    if "**" in text:
        del values[name]  # our own mask says nothing about the value behind it
    elif text.strip():
        try:
            values[name] = read_phone(text, country=phone_country(context, name)).e164
        except IdentityRefused as refusal:
            problem = row.problem(name, refusal.code, str(refusal.message))
            if not only_warns(context, name):
                return [problem]
            context.memo["complaints.unreadable"][row.number] = problem
            del values[name]
    return []


def _staff(context: ImportContext, numbers: set[str]) -> dict[str, int]:
    """Staff number → key within the company; also of those who have left."""
    known = User.objects.filter(company=context.branch.company_id, staff_number__in=numbers)
    return dict(known.values_list("staff_number", "pk")) if numbers else {}


def _refuse_worked_on(page: list[StagedRow]) -> None:
    """Raise ``ImportTouched`` naming the complaints on which people have taken a step, which one, and when."""
    touched, rows = Touched(), {row.ref: row for row in page}
    steps = ComplaintEvent.objects.filter(complaint__public_id__in=rows).exclude(action__in=_OWN_STEPS)
    last = {ref: (action, at) for ref, action, at in steps.values_list("complaint__public_id", "action", "at")}
    for ref, (action, at) in last.items():
        step = BY_ACTION.get(action)
        touched.otherwise(rows[ref], [str(step.label) if step else _("Evidence added")], at)
    touched.refuse()


def _worked_on(refs: list[str]) -> set[str]:
    """Which of these complaints somebody has taken a step on."""
    steps = ComplaintEvent.objects.filter(complaint__public_id__in=refs).exclude(action__in=_OWN_STEPS)
    return set(steps.values_list("complaint__public_id", flat=True)) if refs else set()


def _noon(day: date | None) -> datetime | None:
    return datetime.combine(day, _NOON, tzinfo=SHANGHAI) if day else None


def _standing(context: ImportContext, row: InputRow, received: datetime) -> dict[str, Any]:
    """Where a complaint of the file stands with us, and what it is called."""
    said = row.values
    ended = said.get("ended")
    if ended is None:
        outcome = (said.get("reported_outcome") or "").strip().casefold()
        ended = bool(said.get("closed_on") or (outcome and outcome not in _STILL_OPEN))
    last = _noon(said.get("closed_on")) or _noon(said.get("reported_sent_on")) or received
    number = f"{context.branch.code}-I-{said['external_id']}"
    if said.get("reported_disputed"):
        return {"state": State.INVESTIGATING, "closed_at": None, "rounds": 2, "number": number}
    if ended:
        return {"state": State.CLOSED, "closed_at": max(last, received), "rounds": 1, "number": number}
    return {"state": State.REGISTERED, "closed_at": None, "rounds": 1, "number": number}


class _Figures:
    """The figures of the branch by day, each day looked up once."""

    def __init__(self, context: ImportContext) -> None:
        self.branch = context.branch
        self.found: dict[date, Figures] = {}

    def on(self, day: date) -> Figures:
        if day not in self.found:
            self.found[day] = figures(day, self.branch)
        return self.found[day]


def _clocks(complaint: Complaint, today: date, calendar: Calendar, known: _Figures) -> list[ComplaintClock]:
    """Our own clocks: the first round as the file tells it, and for a disputed complaint a second one that runs from today."""
    day = local_date(complaint.received_at)
    first = clocks_of(complaint, day, ComplaintClock.Kind.values, known.on(day), calendar)
    ended = complaint.closed_at
    if complaint.rounds > 1:
        ended = max(_noon(complaint.reported_sent_on) or complaint.received_at, complaint.received_at)
    for clock in first:
        clock.round, clock.stopped_at = 1, ended
    if complaint.rounds == 1:
        return first
    again = ("first_contact", "internal", "close")
    return first + clocks_of(complaint, today, again, known.on(today), calendar)


def _complaints(stage: Stage, outcome: str = CREATED) -> Iterator[list[Complaint]]:
    """The complaints that the batch made (or changed), a page at a time."""
    for page in stage.chunks(outcome, size=_PAGE):
        yield list(Complaint.objects.filter(public_id__in=[row.ref for row in page]).order_by("pk"))
