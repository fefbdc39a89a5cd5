"""Clients from a file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clients import provenance
from clients.days import wrong_days
from clients.identity import IdentityRefused, normalise_name, read_client_number
from clients.importing.likeness import warn_of_likeness
from clients.importing.lookup import UNKNOWN_STAFF, ForClients, lost_zeros, merged_numbers, staff_by_number
from clients.importing.points import (
    POINT_FIELDS,
    POINTS,
    new_points,
    only_warns,
    phone_country,
    put_points,
    read_points,
    take_points_back,
)
from clients.importing.profile_fields import PROFILE_FIELDS, tidy_row
from clients.models import AdvisorAssignment, Channel, Client, RiskGrade
from clients.provenance import Source
from clients.services.identity_facts import (
    DERIVED,
    following,
    from_document,
    of_another_document,
    readers,
)
from clients.services.primaries import DOCUMENT_OF, renew, step_down
from crm.core.clocks import local_date
from crm.core.fields import SealedText
from crm.core.importing import ImportContext, ImportField, InputRow, Problem, RowPlan, Stage, bulk
from crm.core.importing.model_target import ModelTarget, Resolved
from crm.core.importing.model_writer import KEY
from crm.core.importing.targets import CREATED, REJECTED, UPDATED
from crm.core.public_ids import new_public_id

_VALIDITY = ("id_valid_until", "id_is_long_term")
_LISTING = ("is_listed", "stock_code")
#: A blank cell says nothing about these: they always have a value.
_NEVER_BLANK = ("kind", "status", "sex", "id_is_long_term")
_STAFF = ("advisor", "introducer")
_POINTS = frozenset(field.name for field in POINT_FIELDS)
#: Values that our exports mask with stars.
_MASKED_IN_EXPORTS = ("name", "phone", "id_number", "email", "address")


class ClientTarget(ForClients, ModelTarget):
    """One row = one client of the branch, found by his number. A client without a name is taken as well."""

    kind = "clients"
    label = gettext_lazy("Clients")
    permission = "clients.add_client"
    model = Client
    identity = ("branch_id", "external_id")
    row_key_field = "external_id"
    columns = {
        "advisor": "advisor_id",
        "introducer": "introducer_id",
        **dict.fromkeys([field.name for field in POINT_FIELDS]),
    }
    derived = (*DERIVED, "provenance")
    extra = ("sex", "birth_date", "status", "closed_on")
    volatile = ("total_assets", "assets_on", "last_contact_at", "next_contact_on", "stage", "stage_since")
    fields = [
        ImportField(
            "external_id",
            "code",
            gettext_lazy("client number"),
            required=True,
            headers=("客户号", "客户编号", "资金账号", "client", "client_id", "client number", "account", "uid"),
        ),
        ImportField("name", "text", gettext_lazy("name"), headers=("姓名", "客户姓名", "客户名称", "client name")),
        ImportField("kind", "choice", gettext_lazy("kind"), choices=Client.Kind.choices, headers=("客户类型",)),
        ImportField("status", "choice", gettext_lazy("status"), choices=Client.Status.choices, headers=("客户状态",)),
        ImportField(
            "phone",
            "text",
            gettext_lazy("phone"),
            sensitive=True,
            reads="phone",
            max_length=40,
            headers=(
                *(
                    "手机",
                    "手机号",
                    "手机号码",
                    "移动电话",
                    "联系电话",
                    "电话",
                    "mobile",
                    "mobile phone",
                    "phone number",
                ),
                *("phone 1 - value", "primary phone", "telephone"),
            ),
        ),
        ImportField(
            "id_number",
            "text",
            gettext_lazy("identity document"),
            sensitive=True,
            max_length=40,
            headers=("身份证", "身份证号", "身份证号码", "身份证编号", "证件号码", "id card", "id number"),
        ),
        ImportField(
            "email",
            "text",
            gettext_lazy("e-mail"),
            sensitive=True,
            reads="email",
            max_length=254,
            headers=("邮箱", "电子邮箱", "电子邮件", "电子邮件地址", "mail", "e-mail address", "e-mail 1 - value"),
        ),
        ImportField(
            "address",
            "text",
            gettext_lazy("address"),
            sensitive=True,
            max_length=300,
            headers=("地址", "联系地址", "通讯地址", "家庭地址", "home address", "address 1 - formatted"),
        ),
        ImportField("city", "text", gettext_lazy("city"), headers=("城市",)),
        ImportField("sex", "choice", gettext_lazy("sex"), choices=Client.Sex.choices, headers=("性别", "gender")),
        ImportField("birth_date", "date", gettext_lazy("date of birth"), headers=("出生日期", "生日", "birthday")),
        ImportField(
            "age_on_file", "integer", gettext_lazy("age on file"), minimum=0, maximum=130, headers=("年龄", "age")
        ),
        ImportField(
            "occupation",
            "text",
            gettext_lazy("occupation"),
            headers=("职业", "job", "job title", "title", "职务", "职位"),
        ),
        ImportField("education", "text", gettext_lazy("education"), headers=("学历", "教育程度")),
        ImportField("marital_status", "text", gettext_lazy("marital status"), headers=("婚姻状况", "marital")),
        ImportField("opened_on", "date", gettext_lazy("client since"), headers=("开户日期", "开户日", "opened")),
        ImportField("closed_on", "date", gettext_lazy("closed on"), headers=("销户日期", "closed")),
        ImportField(
            "advisor",
            "code",
            gettext_lazy("served by"),
            headers=("投资顾问", "客户经理", "工号", "advisor number"),
            help=gettext_lazy("Staff number of the advisor or account manager."),
        ),
        ImportField("introducer", "code", gettext_lazy("introduced by"), headers=("经纪人", "开发人", "introducer")),
        ImportField(
            "risk_grade",
            "choice",
            gettext_lazy("risk grade"),
            choices=RiskGrade.choices,
            headers=("风险等级", "风险承受能力等级"),
        ),
        ImportField(
            "risk_valid_until", "date", gettext_lazy("risk grade valid until"), headers=("风险测评到期日", "测评有效期")
        ),
        ImportField(
            "preferred_channel",
            "choice",
            gettext_lazy("preferred channel"),
            choices=Channel.choices,
            headers=("首选联系方式",),
        ),
        *PROFILE_FIELDS,
        *POINT_FIELDS,
    ]

    def fixed(self, context: ImportContext) -> dict[str, Any]:
        """Everything in a new client comes from this file: one value for all rows of the batch."""
        return {**super().fixed(context), "provenance": provenance.for_all(Source.IMPORT, self._as_of(context))}

    def beside(self, context: ImportContext) -> Iterable[str]:
        """Validity goes with the number of a document, the code with the listing; a file without them pays for neither."""
        names = list(self.extra)
        if not context.mapped.isdisjoint({"id_number", *_VALIDITY}):
            names += _VALIDITY
        if not context.mapped.isdisjoint(_LISTING):
            names += _LISTING
        return names

    def same(self, attname: str, old: Any, new: Any) -> bool:
        # Where a fact comes from follows from a change and is none by itself.
        return attname == "provenance" or super().same(attname, old, new)

    def marked(self, context: ImportContext, old: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
        known = context.memo.setdefault("clients.provenance", {})
        key = (str(old["provenance"]), *changed)
        if key not in known:
            known[key] = provenance.stamped(old["provenance"], changed, source=Source.IMPORT, on=self._as_of(context))
        return {"provenance": known[key], **of_another_document(changed, context.mapped)}

    def _as_of(self, context: ImportContext) -> date:
        """The day that the file speaks of, else the day on which it came."""
        return context.day or local_date(context.now)

    def resolve(self, context: ImportContext, rows: list[InputRow]) -> Iterable[Resolved]:
        numbers = [row.values.get(name) for row in rows for name in _STAFF]
        staff = staff_by_number(context, numbers)
        today = local_date(context.now)
        points: dict[str, Any] | None = None if context.mapped.isdisjoint(_POINTS) else {}
        context.memo["clients.unreadable"] = {}
        resolved = [self._one(context, row, staff, today, points) for row in rows]
        context.memo["clients.new_points"] = new_points(context, points) if points else {}
        return resolved

    def _one(
        self,
        context: ImportContext,
        row: InputRow,
        staff: dict[str, int],
        today: date,
        points: dict[str, Any] | None,
    ) -> Resolved:
        values = dict(row.values)
        problems: list[Problem] = []
        problems += self._people(row, values, staff)
        for name in _NEVER_BLANK:
            if name in values and values[name] is None:
                del values[name]
        for name in _MASKED_IN_EXPORTS:
            if name in values and "**" in (values[name] or ""):
                del values[name]  # our own mask says nothing about the value behind it
        problems += tidy_row(row, values)
        problems += [row.problem(name, wrong.code, wrong.text) for name, wrong in wrong_days(values, today).items()]
        try:
            values["external_id"] = read_client_number(values["external_id"])
        except IdentityRefused as refusal:
            problems.append(row.problem("external_id", refusal.code, str(refusal.message)))
        kind = values.get("kind") or Client.Kind.PERSON
        bad, warnings = self._identity(context, row, values, kind, today)
        problems += bad
        if points is not None:
            points[values["external_id"]], bad, more = read_points(context, row, values)
            problems += bad
            warnings += more
        if warnings:
            context.memo["clients.unreadable"][row.number] = warnings
        if values.get("status") == Client.Status.CLOSED and not values.get("closed_on"):
            problems.append(row.problem("closed_on", "required", _("A closed client needs the day of closing.")))
        elif "status" in values and values["status"] != Client.Status.CLOSED:
            values["closed_on"] = None
        elif values.get("closed_on"):
            values["status"] = Client.Status.CLOSED
        return problems or values

    def _people(self, row: InputRow, values: dict[str, Any], staff: dict[str, int]) -> list[Problem]:
        """Staff numbers become keys; a number that nobody has is named."""
        problems = []
        for name in _STAFF:
            if (number := values.pop(name, None)) is not None:
                values[f"{name}_id"] = staff.get(number)
                if number not in staff:
                    problems.append(row.problem(name, "unknown_staff", str(UNKNOWN_STAFF)))
            elif name in row.values:
                values[f"{name}_id"] = None
        return problems

    def _identity(
        self, context: ImportContext, row: InputRow, values: dict[str, Any], kind: str, today: date
    ) -> tuple[list[Problem], list[Problem]]:
        """Private values as they are stored; what is wrong with them, and what is only warned of."""
        problems: list[Problem] = []
        warnings: list[Problem] = []
        country = phone_country(context, "phone")
        for name, read in readers(kind, today, values.get("id_kind") or "", country).items():
            if values.get(name):
                try:
                    values[name] = read(values[name])
                except IdentityRefused as refusal:
                    problem = row.problem(name, refusal.code, str(refusal.message))
                    if only_warns(context, name):
                        warnings.append(problem)
                        del values[name]
                    else:
                        problems.append(problem)
        if values.get("name"):
            values["name"] = normalise_name(values["name"])
        if not problems:
            values.update(from_document(values, kind=kind))
        return problems, warnings

    def derive(self, context: ImportContext, values: dict[str, Any], *, new: bool) -> dict[str, Any]:
        known = {name: value for name, value in values.items() if not isinstance(value, SealedText)}
        if new:
            known = {"name": "", **known}
        return following(known, kind=known.get("kind") or Client.Kind.PERSON)

    # -- further phones, e-mails, addresses ----------------------------------------------------------------------------

    def adds(self, context: ImportContext, row: InputRow) -> bool:
        return row.values["external_id"] in context.memo["clients.new_points"]

    def plan(self, context: ImportContext, rows: list[InputRow]) -> Iterable[RowPlan]:
        """Facts come from the row of the number that stayed; a merged client's own row says nothing any more."""
        merged = merged_numbers(context, rows)
        plans = list(super().plan(context, rows))
        new = [plan for plan in plans if plan.outcome == CREATED]
        warn_of_likeness(context, self.layout(context), new, context.memo["clients.new_points"])
        unreadable: dict[int, list[Problem]] = context.memo["clients.unreadable"]
        for plan in plans:
            plan.warnings = [*plan.warnings, *unreadable.get(plan.row.number, ())]
            number = plan.row.values.get("external_id")
            if number in merged and plan.outcome != REJECTED:
                yield plan.row.unchanged()
                continue
            if plan.outcome == CREATED and (zeros := lost_zeros(context, plan.row)):
                yield plan.row.rejected(zeros)
                continue
            fresh = context.memo["clients.new_points"].get(number)
            if fresh and plan.outcome in (CREATED, UPDATED):
                plan.before = {**(plan.before or {}), POINTS: fresh}
            yield plan

    # -- whose book a client is in has a history -----------------------------------------------------------------------

    def after_apply(self, context: ImportContext, stage: Stage) -> None:
        self._step_down(context, stage)
        if not context.mapped.isdisjoint(_POINTS):
            put_points(stage, context.now, self._as_of(context))
        if "advisor" not in context.mapped:
            return
        at = self.layout(context).index("advisor_id")
        for page in stage.chunks(CREATED):
            self._open(context, {row.ref: row.values[at] for row in page if row.values[at]})
        for page in stage.chunks(UPDATED):
            moved = {row.ref: row.values["advisor_id"] for row in page if _moved(row)}
            AdvisorAssignment.objects.filter(client__public_id__in=moved, until=None).update(until=context.now)
            self._open(context, {ref: advisor for ref, advisor in moved.items() if advisor})

    def _step_down(self, context: ImportContext, stage: Stage) -> None:
        """Rows beside a phone, an address or a document that this file has changed are no longer the primary ones."""
        for column in ("phone", "email", "address", "id_number"):
            if column not in context.mapped:
                continue
            for page in stage.chunks(UPDATED):
                moved = [row.before[KEY][0] for row in page if row.values[column] != row.before[column]]
                if moved:
                    step_down(moved, [column])
        self._renew(context, stage, source=Source.IMPORT, as_of=self._as_of(context))

    def _renew(self, context: ImportContext, stage: Stage, **said: Any) -> None:
        """Primary documents say again what the clients' own columns say, once the file has changed those or was taken back."""
        columns = DOCUMENT_OF.keys() & set(self.layout(context))
        for page in stage.chunks(UPDATED) if columns else ():
            moved = [
                row.before[KEY][0] for row in page if any(row.values[name] != row.before[name] for name in columns)
            ]
            renew(moved, columns, **said)

    def _open(self, context: ImportContext, advisors: dict[str, int]) -> None:
        clients = dict(Client.objects.filter(public_id__in=advisors).values_list("public_id", "pk"))
        cells = [
            (new_public_id(), clients[ref], advisor, context.now.isoformat(" "), _reason(context), context.actor.pk)
            for ref, advisor in advisors.items()
        ]
        names = ("public_id", "client_id", "advisor_id", "since", "reason", "assigned_by_id")
        bulk.insert(AdvisorAssignment, names, cells)

    def undo(self, context: ImportContext, stage: Stage) -> None:
        if not context.mapped.isdisjoint(_POINTS):
            take_points_back(stage)
        own = AdvisorAssignment.objects.filter(client__branch=context.branch, reason=_reason(context))
        if own.exists():
            self._reopen(context, stage, own)
        super().undo(context, stage)
        self._renew(context, stage)

    def _reopen(self, context: ImportContext, stage: Stage, own: Any) -> None:
        moments = list(own.values_list("since", flat=True).distinct())
        own.filter(until=None).delete()
        for page in stage.chunks(UPDATED):
            moved = [row.ref for row in page if _moved(row) and row.before["advisor_id"]]
            AdvisorAssignment.objects.filter(client__public_id__in=moved, until__in=moments).update(until=None)


def _moved(row: Any) -> bool:
    return bool(row.values["advisor_id"] != row.before["advisor_id"])


def _reason(context: ImportContext) -> str:
    """The mark by which undo finds its own rows, the same in every language."""
    return f"{AdvisorAssignment.IMPORT_MARK}{context.batch.public_id}"
