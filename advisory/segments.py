"""What advice adds to segments: agreements, the reviews of what clients hold, and proposals of a matching."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from advisory.models import AdvisoryAgreement, MatchingRun, MatchProposal, PortfolioReview
from advisory.models.review import SEES_DECISIONS
from clients.segments import Context, Kind, SegmentField, register
from clients.segments.compare import rows
from clients.segments.kinds import HAPPENED
from clients.segments.people import by_somebody, staff

_AGREEMENTS, _REVIEWS = ("advisory.view_advisoryagreement",), ("advisory.view_portfolioreview",)
_MATCHING = ("advisory.view_matchingrun",)


def offer() -> None:
    """Called once from ``ready()``."""
    group = pgettext_lazy("client tab", "Advice")

    def field(key: str, label: Any, kind: Kind, asked: Any, rights: tuple[str, ...], **more: Any) -> SegmentField:
        return SegmentField(key, label, group, kind, asked, rights=rights, **more)

    def answers(of: Any) -> Any:
        return lambda _user: list(of.choices)

    review = PortfolioReview
    register(
        field("agreement", _("Advisory agreement in force"), Kind.FLAG, rows(Kind.FLAG, _in_force, "pk"), _AGREEMENTS),
        field(
            "agreement_signed", _("Advisory agreement signed"), Kind.DAY, rows(Kind.DAY, _in_force, "signed_on"),
            _AGREEMENTS,
        ),
        field(
            "agreement_cancel", _("Advisory agreement may be cancelled until"), Kind.DAY,
            rows(Kind.DAY, _in_force, "cancel_until"), _AGREEMENTS,
        ),
        field(
            "agreement_ended", _("Advisory agreement ended"), Kind.DAY, rows(Kind.DAY, _all, "ended_on"), _AGREEMENTS,
            only=HAPPENED,
        ),
        field(
            "agreement_advisor", _("Advised by"), Kind.ROWS, by_somebody(_in_force, "advisor"), _AGREEMENTS,
            choices=staff,
        ),
        field("review_due", _("Portfolio review due"), Kind.DAY, rows(Kind.DAY, _due, "due_on"), _REVIEWS),
        field(
            "review_done", _("Portfolio reviewed"), Kind.DAY, rows(Kind.DAY, _done, "done_on"), _REVIEWS, only=HAPPENED
        ),
        field(
            "review_outcome", _("Result of the last portfolio review"), Kind.CHOICE, rows(Kind.CHOICE, _last, "outcome"),
            _REVIEWS, choices=answers(review.Outcome),
        ),
        field(
            "proposal_answer", _("Answer to the last proposal"), Kind.CHOICE, rows(Kind.CHOICE, _last, "answer"),
            (*_REVIEWS, SEES_DECISIONS), choices=answers(review.Answer),
        ),
        field(
            "match_open", _("Change of advisor proposed"), Kind.FLAG, rows(Kind.FLAG, _proposed, "pk"), _MATCHING
        ),
        field(
            "match_advisor", _("Advisor proposed"), Kind.ROWS, by_somebody(_proposed, "new_advisor"), _MATCHING,
            choices=staff,
        ),
    )  # fmt: skip


def _all(_context: Context) -> Any:
    return AdvisoryAgreement.objects.all()


def _in_force(context: Context) -> Any:
    return AdvisoryAgreement.objects.in_force(context.today)


def _due(_context: Context) -> Any:
    return PortfolioReview.objects.due()


def _done(_context: Context) -> Any:
    return PortfolioReview.objects.done()


def _last(_context: Context) -> Any:
    return PortfolioReview.objects.newest_done()


def _proposed(context: Context) -> Any:
    """By runs that nobody has decided yet."""
    rows_ = MatchProposal.objects.visible_to(context.user).changes()
    return rows_.filter(run__state=MatchingRun.State.PROPOSED)
