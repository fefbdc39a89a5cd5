"""What the client may bear, how he behaves and what he wants: risk, tags, needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from clients.behaviour import FAMILIES
from clients.questions import QUESTIONS, AnswerKind, Question
from clients.segments.catalogue import Context, SegmentField
from clients.segments.compare import rows
from clients.segments.facts.fields import NEEDS, RISK, TAGS, of, plain
from clients.segments.kinds import ALWAYS, HAPPENED, Kind

if TYPE_CHECKING:
    from crm.core.models import User


def fields() -> list[SegmentField]:
    return [*_risk(), *_tags(), *_needs()]


def _risk() -> list[SegmentField]:
    from clients.models import InvestorClass, InvestorClassification, RiskAssessment, RiskGrade

    classes = of(InvestorClass.choices)
    assessed = rows(Kind.DAY, lambda _context: RiskAssessment.objects.all(), "assessed_on")
    waiting = rows(Kind.FLAG, lambda _context: InvestorClassification.objects.waiting().order_by(), "pk")
    return [
        plain("investor_class", _("Investor class"), RISK, Kind.CHOICE, choices=classes, only=ALWAYS),
        plain("investor_class_until", _("Investor class valid until"), RISK, Kind.DAY),
        plain("risk_grade", _("Risk grade"), RISK, Kind.CHOICE, choices=of(RiskGrade.choices)),
        plain("risk_valid_until", _("Risk grade valid until"), RISK, Kind.DAY),
        plain("is_lowest_risk", _("Lowest risk capacity"), RISK, Kind.FLAG),
        SegmentField(
            "risk_assessed", _("Risk assessed"), RISK, Kind.DAY, assessed, rights=("clients.view_riskassessment",),
            only=HAPPENED,
        ),
        SegmentField(
            "class_waiting", _("Investor class awaits decision"), RISK, Kind.FLAG, waiting,
            rights=("clients.view_investorclassification",),
        ),
    ]  # fmt: skip


#: Field, family, column of its tag, words, unit: the figures on which tags rest, kept beside them every night.
_MEASURED = (
    ("turnover_rate", "turnover", "value", _("Turnover rate, figure"), _("times a year")),
    ("largest_share", "concentration", "value", _("Share of the largest holding"), "%"),
    ("holdings", "concentration", "count", _("Number of holdings"), ""),
    ("lead", "skill", "value", _("Return against the CSI 300, figure"), _("percentage points")),
    ("trend_rate", "trend", "value", _("Trend of assets, figure"), "%"),
    ("margin_share", "margin", "value", _("Margin debt as a share of all assets"), "%"),
)


def _tags() -> list[SegmentField]:
    from clients.models import ClientTag

    right = ("clients.view_tag",)
    manual = rows(Kind.CODES, lambda _context: ClientTag.objects.manual(), "tag__public_id", each=True)

    def carried(family: str) -> Any:
        """The one tag of a family that a client carries."""
        return rows(Kind.CHOICE, lambda _context: ClientTag.objects.filter(family=family), "tag__code")

    def measured(family: str, path: str) -> Any:
        """What the tag rests on, as of the night in which it was last found to have changed."""
        return rows(Kind.NUMBER, lambda _context: ClientTag.objects.filter(family=family), path)

    return [
        SegmentField("tag", _("Tag set by people"), TAGS, Kind.CODES, manual, _manual_tags, rights=right),
        *(
            SegmentField(
                f"tag_{family.key}",
                family.label,
                TAGS,
                Kind.CHOICE,
                carried(family.key),
                of(family.tags.items()),
                rights=right,
            )
            for family in FAMILIES.values()
        ),
        *(
            SegmentField(f"tag_{key}", label, TAGS, Kind.NUMBER, measured(family, path), rights=right, unit=unit)
            for key, family, path, label, unit in _MEASURED
        ),
    ]


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
        choices = of(question.choices.choices) if question.choices else None
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
    labels = of((question.key, question.label) for question in QUESTIONS)
    return [
        SegmentField("needs_on", _("Needs asked"), NEEDS, Kind.DAY, rows(Kind.DAY, present, "taken_on"), rights=right),
        *(field(question) for question in QUESTIONS),
        SegmentField("needs_refused", _("Refused to provide"), NEEDS, Kind.CODES, refused, labels, rights=right),
    ]


def _manual_tags(user: User) -> Iterable[tuple[str, Any]]:
    from clients.models import Tag

    return [(tag.public_id, tag.name) for tag in Tag.objects.visible_to(user).manual().order_by("name", "pk")]
