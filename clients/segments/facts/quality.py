"""How well the branch knows the client, what he refused to say, and who says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import BooleanField, Case, Q, Value, When
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.provenance import ALL, FACTS, REFUSABLE, REFUSABLE_ROWS, Source
from clients.segments.catalogue import Choices, Compile, Context, SegmentField
from clients.segments.compare import rows
from clients.segments.facts.fields import PROFILE, QUALITY, of
from clients.segments.kinds import ALWAYS, HAS, Kind


def fields() -> list[SegmentField]:
    return [*_scores(), *_sources()]


def _scores() -> list[SegmentField]:
    from clients.models import ClientQuality, QuestionToAsk
    from clients.quality import QualityItem

    right, items = ("clients.view_clientquality",), of(QualityItem.choices)

    def share(key: str, label: Any, name: str) -> SegmentField:
        asked = rows(Kind.NUMBER, lambda _context: ClientQuality.objects.all(), name)
        return SegmentField(key, label, QUALITY, Kind.NUMBER, asked, rights=right, unit="%")

    def wanting(key: str, label: Any, name: str) -> SegmentField:
        asked = rows(Kind.CODES, lambda _context: ClientQuality.objects.exclude(**{name: ""}), name)
        return SegmentField(key, label, QUALITY, Kind.CODES, asked, items, rights=right)

    questions = rows(Kind.CODES, lambda _context: QuestionToAsk.objects.open(), "item", each=True)
    return [
        share("quality", _("Data quality"), "score"),
        share("quality_complete", pgettext_lazy("quality", "Complete"), "completeness"),
        share("quality_verified", _("Verified"), "verification"),
        share("quality_fresh", _("Fresh"), "freshness"),
        wanting("facts_missing", _("Missing facts"), "missing"),
        wanting("facts_unverified", _("Facts not verified"), "unverified"),
        wanting("facts_stale", _("Facts out of date"), "stale"),
        # Told where a contact is logged, to who may log one.
        SegmentField(
            "to_ask", _("To be asked"), QUALITY, Kind.CODES, questions, items, rights=("clients.add_contactlog",)
        ),
    ]


def _sources() -> list[SegmentField]:
    right = (PROFILE,)
    refused = _any_or_all(lambda fact: Q(**{f"provenance__{fact}__refused": True}))
    verified = _any_or_all(lambda fact: Q(**{f"provenance__{fact}__has_key": "verified"}))
    return [
        SegmentField(
            "facts_refused",
            _("Facts refused"),
            QUALITY,
            Kind.CODES,
            refused,
            _facts(REFUSABLE | REFUSABLE_ROWS),
            rights=right,
            only=HAS,
        ),
        SegmentField(
            "facts_verified",
            _("Verified facts"),
            QUALITY,
            Kind.CODES,
            verified,
            _facts(FACTS),
            rights=right,
            only=HAS,
        ),
        # What holds for every fact without a source of its own. The source of one fact would be a pair of values.
        SegmentField(
            "facts_from",
            _("Source of the facts"),
            QUALITY,
            Kind.CHOICE,
            _source,
            of(Source.choices),
            rights=right,
            only=ALWAYS,
        ),
    ]


def _facts(names: frozenset[str]) -> Choices:
    """The facts, and kinds of rows, by their names on the page."""
    from clients.models import Client
    from clients.models.profile_rows import ClientRow

    kinds = {model.refused_as: model._meta.verbose_name_plural for model in ClientRow.__subclasses__()}

    def word(name: str) -> Any:
        return kinds[name] if name in kinds else Client._meta.get_field(name).verbose_name  # type: ignore[union-attr]  # columns all

    return of((name, capfirst(word(name))) for name in sorted(names))


def _any_or_all(asked: Callable[[str], Q]) -> Compile:
    def compile_(op: str, value: list[str], _context: Context) -> Q:
        found = asked(value[0])
        for fact in value[1:]:
            found = found & asked(fact) if op == "all" else found | asked(fact)
        return _surely(found)

    return compile_


def _source(_op: str, value: list[str], _context: Context) -> Q:
    return _surely(Q(**{f"provenance__{ALL}__source__in": value}))


def _surely(asked: Q) -> Q:
    """Yes or no, never "unknown": what is missing in JSON is NULL, and the denial of that would find nobody."""
    return Q(Case(When(asked, then=Value(True)), default=Value(False), output_field=BooleanField()))
