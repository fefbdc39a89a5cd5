"""Portfolio reviews of the demo: the cycle planned for every branch, and what advisors recorded with those under agreement."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

from advisory.models import AdvisorProfile, AdvisoryAgreement, PortfolioReview
from advisory.services import Line, Told, note_answer, open_review, plan_reviews, record_review
from clients.models import Client, ClientTeamMember, Holding
from clients.months import add_months
from crm.core.access import system_user
from crm.core.clocks import at_local
from crm.core.models import User
from crm.demo.staffing import Crew
from crm.roles import ACCOUNT_MANAGER

#: How many days ago each of the first clients under agreement was reviewed, and what he answered; None: nothing was proposed.
_RECORDED: tuple[tuple[int, str | None], ...] = (
    (34, "accepted"),
    (21, None),
    (12, "thinking"),
    (9, "declined"),
    (2, "thinking"),
)


def review_portfolios(*, crew: Crew, today: date, now: datetime) -> int:
    """Plan both branches and record some; returns how many reviews are on file."""
    for branch in crew.branches:
        signed = AdvisoryAgreement.objects.in_force(today).filter(client__branch=branch, client__do_not_contact=False)
        rows = list(signed.select_related("client__branch", "advisor").order_by("signed_on", "client__external_id"))
        rows = [row for row in rows if row.client.advisor_id == row.advisor_id and row.client.risk_is_valid(today)]
        for row, (days_ago, answer) in zip(rows, _RECORDED, strict=False):
            day = max(today - timedelta(days=days_ago), row.signed_on)
            _record(row.client, row.advisor, day, answer)
        # An account manager serves the first two beside their advisor: he reads what was proposed to them.
        for row in rows[:2]:
            mate = crew.of(branch, ACCOUNT_MANAGER)[0]
            ClientTeamMember.objects.get_or_create(client=row.client, member=mate, defaults={"since": row.signed_on})
        plan_reviews(branch=branch, now=now, actor=system_user())
    return int(PortfolioReview.objects.count())


def _record(client: Client, advisor: User, day: date, answer: str | None) -> None:
    """Halve the largest holding, or leave all as it is."""
    profile = AdvisorProfile.objects.filter(user=advisor).first()
    largest = Holding.objects.newest_of(client).first()
    if profile is None or not profile.may_advise(day) or largest is None:
        return
    moment = at_local(day, time(16))
    review = open_review(client=client, actor=advisor, now=moment)
    next_on = add_months(day, 6)
    if answer is None:
        record_review(
            review=review, outcome="no_change", summary="持仓结构与投资目标相符，建议继续持有，暂不调整。", next_on=next_on,
            told=Told("visit", "当面说明持仓情况与近期市场，客户同意暂不调整。"), actor=advisor, now=moment,
        )  # fmt: skip
        _as_of(review, day)
        return
    line = Line("sell", largest.security_code, largest.security_name, "单一证券占比偏高，分散风险。", share=Decimal(30))
    done = record_review(
        review=review, outcome="proposal", summary=f"{largest.security_name}占比较高，建议分批减持三成，转入债券与货币类品种。",
        lines=[line], told=Told("visit", f"说明{largest.security_name}集中度风险，建议分批减持三成。"),
        answer="thinking", next_on=next_on, actor=advisor, now=moment,
    )  # fmt: skip
    _as_of(review, day)
    if answer != "thinking":
        told = Told("phone", "客户同意分批减持。" if answer == "accepted" else "客户希望继续持有，暂不减持。")
        note_answer(
            review=done, answer=answer, told=told, actor=advisor, now=at_local(day + timedelta(days=1), time(10))
        )


def _as_of(review: PortfolioReview, day: date) -> None:
    """The demo has holdings of its last day alone; what was looked at earlier bears the day on which it was."""
    row = PortfolioReview.objects.get(pk=review.pk)
    row.picture["day"] = day.isoformat()
    PortfolioReview.objects.filter(pk=row.pk).update(picture=row.picture)
