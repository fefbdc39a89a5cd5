"""What the branch may still do with a client's data, and who has asked about them."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clients.segments.catalogue import Context, SegmentField
from clients.segments.compare import rows
from clients.segments.facts.fields import GRADES, PRIVACY, of, plain, when
from clients.segments.kinds import Kind

_HOLDS, _ASKED = ("clients.view_legalhold",), ("clients.view_datarequest",)


def fields() -> list[SegmentField]:
    from clients.models import DataRequest, LegalHold

    def holds(_context: Context) -> Any:
        return LegalHold.objects.standing()

    def asked(_context: Context) -> Any:
        return DataRequest.objects.open()

    kinds, due = rows(Kind.CODES, asked, "kind", each=True), rows(Kind.DAY, asked, "due_on")
    choices = of(DataRequest.Kind.choices)
    return [
        *_grades(),
        # Only who sees the company meets clients whose data are restricted.
        plain("restricted_on", _("Restricted since"), PRIVACY, Kind.DAY, rights=_HOLDS),
        plain("restriction_reason", _("Reason of the restriction"), PRIVACY, Kind.TEXT, rights=_HOLDS),
        plain("erased_on", _("Erased on"), PRIVACY, Kind.DAY, rights=_HOLDS),
        SegmentField("legal_hold", _("Legal hold"), PRIVACY, Kind.FLAG, rows(Kind.FLAG, holds, "pk"), rights=_HOLDS),
        SegmentField(
            "data_request", _("Open data-subject request"), PRIVACY, Kind.CODES, kinds, choices, rights=_ASKED
        ),
        SegmentField("data_request_due", _("Data-subject request due"), PRIVACY, Kind.DAY, due, rights=_ASKED),
        SegmentField(
            "duplicate",
            _("Suspected duplicate"),
            PRIVACY,
            Kind.FLAG,
            when(_doubled),
            rights=("clients.view_duplicatepair",),
        ),
    ]


def _grades() -> list[SegmentField]:
    """For compliance and the head of the branch (docs/adr/0021). A suspicion is on its one page and nowhere else."""
    from clients.models import AmlGrade

    def present(context: Context) -> Any:
        return AmlGrade.objects.visible_to(context.user).present()

    def field(key: str, label: Any, kind: Kind, path: str, **more: Any) -> SegmentField:
        return SegmentField(
            key, label, GRADES, kind, rows(kind, present, path), rights=("clients.view_amlgrade",),
            secret=AmlGrade._meta.label_lower, **more,
        )  # fmt: skip

    return [
        field("aml_grade", _("Money-laundering grade"), Kind.CHOICE, "grade", choices=of(AmlGrade.Grade.choices)),
        field("aml_graded", _("Graded for money laundering on"), Kind.DAY, "graded_on"),
        field("aml_review", _("Review of the money-laundering grade due"), Kind.DAY, "review_on"),
    ]


def _doubled(context: Context) -> Q:
    from clients.models import DuplicatePair

    pairs = DuplicatePair.objects.visible_to(context.user).open()
    return Q(pk__in=pairs.values("first_id")) | Q(pk__in=pairs.values("second_id"))
