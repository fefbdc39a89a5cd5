"""Who the client is: number and standing, the person or institution, work and means, the identity document."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from clients.segments.catalogue import NAMES, Context, SegmentField
from clients.segments.compare import age, column, counted
from clients.segments.facts.fields import DOCUMENT, FACTS, INSTITUTION, PERSON, PROFILE, WEALTH, WORK, of, plain, when
from clients.segments.kinds import ALWAYS, COUNTED, ON_FILE, Kind
from clients.segments.people import branches, is_somebody, staff

_PROFILE = (PROFILE,)


def fields() -> list[SegmentField]:
    return [*_standing(), *_person(), *_institution(), *_means(), *_document()]


def _standing() -> list[SegmentField]:
    from clients.models import Client
    from clients.models.profile import Stage

    branch = column(Kind.ROWS, "branch__public_id")
    introducer = is_somebody("introducer")
    introduced = counted(_introduced, by="introduced_by_client")
    return [
        plain("name", _("Name"), FACTS, Kind.TEXT, rights=(NAMES,)),
        plain("number", _("Client number"), FACTS, Kind.TEXT, "external_id", only=("is", "is_not", "contains")),
        plain("kind", _("Kind"), FACTS, Kind.CHOICE, choices=of(Client.Kind.choices), only=ALWAYS),
        plain("status", _("Status"), FACTS, Kind.CHOICE, choices=of(Client.Status.choices), only=ALWAYS),
        SegmentField("branch", _("Branch"), FACTS, Kind.ROWS, branch, branches, only=ALWAYS),
        SegmentField("advisor", _("Served by"), FACTS, Kind.ROWS, is_somebody("advisor"), staff),
        SegmentField("introducer", _("Introduced by"), FACTS, Kind.ROWS, introducer, staff, rights=(NAMES,)),
        SegmentField("by_client", _("Introduced by a client"), FACTS, Kind.FLAG, when(_by_client), rights=_PROFILE),
        SegmentField(
            "introduced", _("Clients introduced"), FACTS, Kind.NUMBER, introduced, rights=_PROFILE, only=COUNTED
        ),
        plain("opened_on", _("Client since"), FACTS, Kind.DAY),
        plain("closed_on", _("Closed on"), FACTS, Kind.DAY),
        plain("stage", _("Relationship stage"), FACTS, Kind.CHOICE, choices=of(Stage.choices), rights=_PROFILE),
        plain("stage_since", _("In this stage since"), FACTS, Kind.DAY, rights=_PROFILE),
        SegmentField("stage_by_hand", _("Stage set by hand"), FACTS, Kind.FLAG, when(_stage_set), rights=_PROFILE),
    ]


def _by_client(context: Context) -> Q:
    """The page names him only to who sees him as well."""
    from clients.models import Client

    seen = Client.objects.visible_to(context.user).filter(pk=OuterRef("introduced_by_client"))
    return Q(introduced_by_client__isnull=False) & Q(Exists(seen))


def _introduced(context: Context) -> Any:
    from clients.models import Client

    return Client.objects.visible_to(context.user).filter(introduced_by_client__isnull=False)


def _stage_set(context: Context) -> Q:
    from clients.models import StageOverride

    return Q(Exists(StageOverride.objects.in_force(context.today).filter(client=OuterRef("pk"))))


def _person() -> list[SegmentField]:
    from clients.models import Client

    return [
        plain("sex", _("Sex"), PERSON, Kind.CHOICE, choices=of(Client.Sex.choices), only=ALWAYS, rights=(NAMES,)),
        SegmentField("age", _("Age"), PERSON, Kind.NUMBER, age, rights=(NAMES,), unit=_("years")),
        plain("birthday", _("Birthday"), PERSON, Kind.BIRTHDAY, "birth_date", rights=(NAMES,)),
        plain("birth_date", _("Date of birth"), PERSON, Kind.DAY, rights=(NAMES,)),
        plain("city", _("City"), PERSON, Kind.TEXT, rights=(NAMES,)),
        plain("nationality", _("Nationality"), PERSON, Kind.TEXT, rights=_PROFILE),
        plain("tax_residency", _("Tax residency"), PERSON, Kind.TEXT, rights=_PROFILE),
        plain("education", _("Education"), PERSON, Kind.TEXT, rights=_PROFILE),
        plain("marital_status", _("Marital status"), PERSON, Kind.TEXT, rights=_PROFILE),
    ]


def _institution() -> list[SegmentField]:
    yuan = _("yuan")
    return [
        plain("industry", _("Industry"), INSTITUTION, Kind.TEXT, rights=_PROFILE),
        plain("is_listed", _("Listed company"), INSTITUTION, Kind.FLAG, rights=_PROFILE),
        plain("stock_code", _("Stock code"), INSTITUTION, Kind.TEXT, rights=_PROFILE),
        plain("own_funds", _("Net assets of the institution"), INSTITUTION, Kind.MONEY, rights=_PROFILE, unit=yuan),
        plain("legal_representative", _("Legal representative"), INSTITUTION, Kind.TEXT, rights=_PROFILE),
        plain("controller", _("Actual controller"), INSTITUTION, Kind.TEXT, rights=_PROFILE),
        plain("beneficiary", _("Beneficial owner"), INSTITUTION, Kind.TEXT, rights=_PROFILE),
    ]


def _means() -> list[SegmentField]:
    yuan = _("yuan")
    return [
        plain("occupation", _("Occupation"), WORK, Kind.TEXT, rights=_PROFILE),
        plain("employer", _("Employer"), WORK, Kind.TEXT, rights=_PROFILE),
        plain("income_source", _("Source of income"), WORK, Kind.TEXT, rights=_PROFILE),
        plain("annual_income", _("Yearly income"), WORK, Kind.MONEY, rights=_PROFILE, unit=yuan),
        plain("outside_assets", _("Financial assets elsewhere"), WEALTH, Kind.MONEY, rights=_PROFILE, unit=yuan),
        plain("debts", _("Debts"), WEALTH, Kind.MONEY, rights=_PROFILE, unit=yuan),
        plain("investing_since", _("Investing since"), WEALTH, Kind.DAY, rights=_PROFILE),
        plain("integrity_note", _("Integrity record"), WEALTH, Kind.TEXT, rights=_PROFILE),
    ]


def _document() -> list[SegmentField]:
    from clients.models.profile import DocumentKind

    kinds = of(DocumentKind.choices)
    return [
        # The number is sealed: only whether there is one.
        plain("id_number", _("Document number"), DOCUMENT, Kind.TEXT, only=ON_FILE),
        plain("id_kind", _("Kind of document"), DOCUMENT, Kind.CHOICE, choices=kinds, rights=_PROFILE),
        plain("id_valid_until", _("Document valid until"), DOCUMENT, Kind.DAY, rights=_PROFILE),
        plain("id_is_long_term", _("Document valid long-term"), DOCUMENT, Kind.FLAG, rights=_PROFILE),
    ]
