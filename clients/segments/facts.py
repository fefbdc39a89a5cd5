"""The fields that this app offers to segments: facts, assets, risk, tags, needs, contacts, accounts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clients.behaviour import FAMILIES
from clients.querysets.business_lines import uses_line
from clients.querysets.consents import MARKETING_LABELS, with_marketing
from clients.questions import QUESTIONS, AnswerKind, Question
from clients.segments.catalogue import NAMES, Choices, Compile, Context, SegmentField, register
from clients.segments.compare import age, column, rows, window
from clients.segments.kinds import Kind

if TYPE_CHECKING:
    from crm.core.models import User

FACTS, ASSETS, RISK, TAGS = _("Facts"), _("Assets"), _("Risk"), _("Tags")
NEEDS, CONTACT, ACCOUNTS = _("Needs"), _("Contact"), _("Accounts and permissions")

_PROFILE = "clients.view_profile"
_MONEY = "clients.view_dailyasset"


def _of(choices: Iterable[tuple[Any, Any]]) -> Choices:
    fixed = [(str(code), label) for code, label in choices]
    return lambda _user: fixed


def _plain(key: str, label: Any, group: Any, kind: Kind, path: str = "", **more: Any) -> SegmentField:
    """A field that is a column of the client."""
    return SegmentField(key, label, group, kind, column(kind, path or key, instant=more.pop("instant", False)), **more)


def register_own() -> None:
    """Called once, when all models are loaded."""
    register(*_facts(), *_assets(), *_risk(), *_tags(), *_needs(), *_contact(), *_accounts())


def _facts() -> list[SegmentField]:
    from clients.models import Client, ClientQuality
    from clients.models.profile import DocumentKind, Stage

    weighed = rows(Kind.NUMBER, lambda _context: ClientQuality.objects.all(), "score")
    return [
        SegmentField("quality", _("Data quality"), FACTS, Kind.NUMBER, weighed, rights=("clients.view_clientquality",)),
        _plain("name", _("Name"), FACTS, Kind.TEXT, rights=(NAMES,)),
        _plain("number", _("Client number"), FACTS, Kind.TEXT, "external_id", only=("is", "is_not", "contains")),
        _plain("kind", _("Kind"), FACTS, Kind.CHOICE, choices=_of(Client.Kind.choices), only=("in", "not_in")),
        _plain("status", _("Status"), FACTS, Kind.CHOICE, choices=_of(Client.Status.choices), only=("in", "not_in")),
        SegmentField(
            "branch",
            _("Branch"),
            FACTS,
            Kind.ROWS,
            column(Kind.ROWS, "branch__public_id"),
            _branches,
            only=("in", "not_in"),
        ),
        SegmentField("advisor", _("Served by"), FACTS, Kind.ROWS, _people("advisor"), _staff),
        SegmentField(
            "introducer", _("Introduced by"), FACTS, Kind.ROWS, _people("introducer"), _staff, rights=(NAMES,)
        ),
        _plain(
            "sex", _("Sex"), FACTS, Kind.CHOICE, choices=_of(Client.Sex.choices), only=("in", "not_in"), rights=(NAMES,)
        ),
        SegmentField("age", _("Age"), FACTS, Kind.NUMBER, age, rights=(NAMES,), unit=_("years")),
        _plain("birthday", _("Birthday"), FACTS, Kind.BIRTHDAY, "birth_date", rights=(NAMES,)),
        _plain("birth_date", _("Date of birth"), FACTS, Kind.DAY, rights=(NAMES,)),
        _plain("city", _("City"), FACTS, Kind.TEXT, rights=(NAMES,)),
        _plain("occupation", _("Occupation"), FACTS, Kind.TEXT, rights=(_PROFILE,)),
        _plain("education", _("Education"), FACTS, Kind.TEXT, rights=(_PROFILE,)),
        _plain("marital_status", _("Marital status"), FACTS, Kind.TEXT, rights=(_PROFILE,)),
        _plain("nationality", _("Nationality"), FACTS, Kind.TEXT, rights=(_PROFILE,)),
        _plain("employer", _("Employer"), FACTS, Kind.TEXT, rights=(_PROFILE,)),
        _plain("industry", _("Industry"), FACTS, Kind.TEXT, rights=(_PROFILE,)),
        _plain("annual_income", _("Yearly income"), FACTS, Kind.MONEY, rights=(_PROFILE,), unit=_("yuan")),
        _plain(
            "outside_assets", _("Financial assets elsewhere"), FACTS, Kind.MONEY, rights=(_PROFILE,), unit=_("yuan")
        ),
        _plain("investing_since", _("Investing since"), FACTS, Kind.DAY, rights=(_PROFILE,)),
        _plain("opened_on", _("Client since"), FACTS, Kind.DAY),
        _plain("closed_on", _("Closed on"), FACTS, Kind.DAY),
        _plain("stage", _("Relationship stage"), FACTS, Kind.CHOICE, choices=_of(Stage.choices), rights=(_PROFILE,)),
        _plain("stage_since", _("In this stage since"), FACTS, Kind.DAY, rights=(_PROFILE,)),
        _plain(
            "id_kind", _("Kind of document"), FACTS, Kind.CHOICE, choices=_of(DocumentKind.choices), rights=(_PROFILE,)
        ),
        _plain("id_valid_until", _("Document valid until"), FACTS, Kind.DAY, rights=(_PROFILE,)),
    ]


def _assets() -> list[SegmentField]:
    yuan = _("yuan")
    return [
        _plain("assets", _("Assets"), ASSETS, Kind.MONEY, "total_assets", unit=yuan, only=("gte", "lte", "between")),
        _plain("assets_on", _("Assets as of"), ASSETS, Kind.DAY),
        *(
            SegmentField(
                f"assets_avg_{days}", label, ASSETS, Kind.MONEY, window("net_assets", days), rights=(_MONEY,), unit=yuan
            )
            for days, label in (
                (30, _("Average assets over 30 days")),
                (90, _("Average assets over 90 days")),
                (365, _("Average assets over 365 days")),
            )
        ),
        *(
            SegmentField(
                f"turnover_{days}", label, ASSETS, Kind.MONEY, window("turnover", days), rights=(_MONEY,), unit=yuan
            )
            for days, label in ((30, _("Turnover in 30 days")), (365, _("Turnover in 365 days")))
        ),
    ]


def _risk() -> list[SegmentField]:
    from clients.models import InvestorClass, RiskGrade

    classes = _of(InvestorClass.choices)
    return [
        _plain("investor_class", _("Investor class"), RISK, Kind.CHOICE, choices=classes, only=("in", "not_in")),
        _plain("investor_class_until", _("Investor class valid until"), RISK, Kind.DAY),
        _plain("risk_grade", _("Risk grade"), RISK, Kind.CHOICE, choices=_of(RiskGrade.choices)),
        _plain("risk_valid_until", _("Risk grade valid until"), RISK, Kind.DAY),
        _plain("is_lowest_risk", _("Lowest risk capacity"), RISK, Kind.FLAG),
    ]


def _tags() -> list[SegmentField]:
    from clients.models import ClientTag

    right = ("clients.view_tag",)
    manual = rows(Kind.CODES, lambda _context: ClientTag.objects.manual(), "tag__public_id", each=True)
    return [
        SegmentField("tag", _("Tag set by people"), TAGS, Kind.CODES, manual, _manual_tags, rights=right),
        *(
            SegmentField(
                f"tag_{family.key}",
                family.label,
                TAGS,
                Kind.CHOICE,
                _family(family.key),
                _of(family.tags.items()),
                rights=right,
            )
            for family in FAMILIES.values()
        ),
    ]


def _family(key: str) -> Compile:
    """The one tag of a family that a client carries."""
    from clients.models import ClientTag

    return rows(Kind.CHOICE, lambda _context: ClientTag.objects.filter(family=key), "tag__code")


_KINDS = {
    AnswerKind.MANY: Kind.CODES,
    AnswerKind.ONE: Kind.CHOICE,
    AnswerKind.MONEY: Kind.MONEY,
    AnswerKind.PERCENT: Kind.NUMBER,
    AnswerKind.TEXT: Kind.TEXT,
}


def _needs() -> list[SegmentField]:
    from clients.models import NeedsInterview

    right = ("clients.view_needsinterview",)

    def present(_context: Context) -> Any:
        return NeedsInterview.objects.present()

    def field(question: Question) -> SegmentField:
        kind = _KINDS[question.kind]
        choices = _of(question.choices.choices) if question.choices else None
        return SegmentField(
            f"needs_{question.key}",
            question.label,
            NEEDS,
            kind,
            rows(kind, present, question.key),
            choices,
            rights=right,
        )

    refused = rows(Kind.CODES, present, "refused")
    labels = _of((question.key, question.label) for question in QUESTIONS)
    return [
        SegmentField("needs_on", _("Needs asked"), NEEDS, Kind.DAY, rows(Kind.DAY, present, "taken_on"), rights=right),
        *(field(question) for question in QUESTIONS),
        SegmentField("needs_refused", _("Refused to provide"), NEEDS, Kind.CODES, refused, labels, rights=right),
    ]


def _contact() -> list[SegmentField]:
    from clients.models import Channel

    return [
        _plain("last_contact", _("Last contact"), CONTACT, Kind.DAY, "last_contact_at", instant=True),
        _plain("next_contact", _("Next contact"), CONTACT, Kind.DAY, "next_contact_on"),
        _plain("preferred_channel", _("Preferred channel"), CONTACT, Kind.CHOICE, choices=_of(Channel.choices)),
        SegmentField(
            "marketing",
            _("Marketing consent"),
            CONTACT,
            Kind.CHOICE,
            _marketing,
            _of(MARKETING_LABELS.items()),
            rights=("clients.view_consentrecord",),
            only=("in", "not_in"),
            in_list=True,
        ),
        _plain("do_not_contact", _("Do not contact"), CONTACT, Kind.FLAG),
    ]


def _accounts() -> list[SegmentField]:
    from clients.models import Account, BusinessLine, PermissionCode, TradingPermission

    accounts = rows(Kind.CODES, lambda _context: Account.objects.live(), "kind", each=True)
    permissions = rows(Kind.CODES, lambda _context: TradingPermission.objects.in_force(), "code", each=True)
    collateral = rows(Kind.NUMBER, lambda _context: Account.objects.live(), "margin_ratio")
    seen, allowed = ("clients.view_account",), ("clients.view_tradingpermission",)
    return [
        SegmentField("account", _("Account"), ACCOUNTS, Kind.CODES, accounts, _of(Account.Kind.choices), rights=seen),
        SegmentField(
            "permission",
            _("Trading permission"),
            ACCOUNTS,
            Kind.CODES,
            permissions,
            _of(PermissionCode.choices),
            rights=allowed,
        ),
        SegmentField(
            "line",
            _("Business line"),
            ACCOUNTS,
            Kind.CODES,
            _lines,
            _of(BusinessLine.choices),
            rights=(*seen, *allowed),
            only=("any", "all", "none"),
        ),
        SegmentField(
            "collateral", _("Collateral ratio"), ACCOUNTS, Kind.NUMBER, collateral, rights=("clients.view_marginday",)
        ),
    ]


def _lines(op: str, value: list[str], _context: Context) -> Q:
    parts = [uses_line(line) for line in value]
    found = parts[0]
    for part in parts[1:]:
        found = found & part if op == "all" else found | part
    return found


def _marketing(_op: str, value: list[str], _context: Context) -> Q:
    found = Q(pk__in=[])
    for state in value:
        found |= with_marketing(state)
    return found


# -- choices that depend on the reader ---------------------------------------------------------------------------------


def _people(path: str) -> Compile:
    def compile_(op: str, value: Any, context: Context) -> Q:
        if op == "mine":
            return Q(**{f"{path}_id__in": context.user.scope.acting_ids})
        return Q(**{f"{path}__isnull": False}) if op == "filled" else Q(**{f"{path}__public_id__in": value})

    return compile_


def _staff(user: User) -> Iterable[tuple[str, Any]]:
    from crm.core.models import User as Staff

    people = Staff.objects.visible_to(user).active().order_by("name", "pk")
    return [
        (pk, f"{name} ({number})") for pk, name, number in people.values_list("public_id", "name", "staff_number")[:500]
    ]


def _branches(user: User) -> Iterable[tuple[str, Any]]:
    from crm.core.models import Branch

    return [(row.public_id, row.name) for row in Branch.objects.nameable_by(user).order_by("code")]


def _manual_tags(user: User) -> Iterable[tuple[str, Any]]:
    from clients.models import Tag

    return [(tag.public_id, tag.name) for tag in Tag.objects.visible_to(user).manual().order_by("name", "pk")]
