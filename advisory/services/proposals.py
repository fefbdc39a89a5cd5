"""What a proposal of a review rests on, and which of its lines must not be recommended."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, cast

from django.utils.translation import gettext as _

from advisory.errors import NoAgreement, NoLicence, NoRiskGrade, NotSuitable
from advisory.models import AdvisorProfile, AdvisoryAgreement, PortfolioReview, ReviewLine
from advisory.services.review_look import Look
from advisory.suitability import Investor, against_buying, bare
from clients.models import Client, Holding, NeedsInterview, TradingPermission
from clients.suitability import highest_risk
from crm.core.errors import InvalidInput
from crm.core.models import User
from crm.core.policies import figures

if TYPE_CHECKING:
    from advisory.services.reviews import Line

BUY, SELL = ReviewLine.Direction.BUY, ReviewLine.Direction.SELL


@dataclass(frozen=True)
class Grounds:
    """Under which agreement advice is given, to what kind of investor, and what he holds (codes without their market)."""

    agreement: AdvisoryAgreement | None
    investor: Investor
    held: Collection[str]
    #: The least risk grades of products (``suitability.product_grades``).
    least: Mapping[str, str]


def grounds_for(client: Client, look: Look, actor: User, today: date) -> Grounds:
    """What a proposal of ``actor`` to this client rests on today (投顾暂行规定 Art. 7, 11; 适当性管理办法 Art. 22).

    Raises ``NoLicence``, ``NoAgreement``, ``NoRiskGrade``.
    """
    _refuse_unlicensed(actor, today)
    agreement = AdvisoryAgreement.objects.in_force(today).filter(client=client).order_by("-signed_on", "-pk").first()
    if agreement is None:
        raise NoAgreement
    known = figures(today, client.branch)
    highest = highest_risk(client, today, known.json("suitability.match"))
    if not highest:
        raise NoRiskGrade
    opened = TradingPermission.objects.in_force().filter(client=client).values_list("code", flat=True)
    restrictions = look.needs.restrictions if look.needs else []
    investor = Investor(client.risk_grade, highest, set(opened), set(restrictions))
    held = [one.holding for one in look.portfolio.positions]
    return Grounds(agreement, investor, _bare(held), known.json("suitability.product_grades"))


def grounds_of(review: PortfolioReview, actor: User, today: date) -> Grounds:
    """What the proposal of a recorded review rested on when it was told: what words it otherwise is held against that.

    Whether something might be recommended is decided when it is (适当性管理办法 Art. 22), and the firm has to show it as it was
    then (证券法 Art. 89). A grade that rose since makes nothing suitable, one that fell makes no slip of the pen permanent.
    ``actor`` words advice and holds a licence today; raises ``NoLicence``.
    """
    _refuse_unlicensed(actor, today)
    client, day = review.client, cast(date, review.done_on)
    opened = TradingPermission.objects.open_on(day).filter(client=client).values_list("code", flat=True)
    needs = NeedsInterview.objects.known_on(client, day)
    restrictions = needs.restrictions if needs else []
    investor = Investor(review.risk_grade, review.highest_risk, set(opened), set(restrictions))
    looked_at = (review.picture or {}).get("day")
    held = _bare(Holding.objects.of_day(client, date.fromisoformat(looked_at) if looked_at else None))
    # What was told to be sold was held: files of holdings may be gone by now.
    held |= {bare(code) for code in review.lines.filter(direction=SELL).values_list("security_code", flat=True)}
    least = figures(day, client.branch).json("suitability.product_grades")
    return Grounds(review.agreement, investor, held, least)


def _refuse_unlicensed(actor: User, today: date) -> None:
    profile = AdvisorProfile.objects.filter(user=actor).first()
    if profile is None or not profile.may_advise(today):
        raise NoLicence(NoLicence.own)


def _bare(held: Iterable[Holding]) -> set[str]:
    return {bare(one.security_code) for one in held}


def refuse_lines(lines: Sequence[Line], grounds: Grounds) -> None:
    """Raise ``InvalidInput`` for a line that cannot be meant, ``NotSuitable`` for one that must not be recommended."""
    for number, line in enumerate(lines, 1):
        if wrong := _unclear(line, grounds.held):
            said = _("Line %(number)s: %(text)s") % {"number": number, "text": wrong}
            raise InvalidInput(fields={"lines": said})
    for number, line in enumerate(lines, 1):
        if line.direction != BUY:
            continue
        code, name = line.security_code.strip().upper(), line.security_name.strip()
        if against := against_buying(code, name, line.product_grade, grounds.investor, grounds.least):
            said = _("Line %(number)s: %(text)s") % {"number": number, "text": against}
            raise NotSuitable(said, fields={"lines": said})


def _unclear(line: Line, held: Collection[str]) -> str:
    """What is missing or does not go together in one line."""
    if not line.security_code.strip() or not line.security_name.strip():
        return _("Name the security by code and name.")
    if not line.reason.strip():
        return _("Say why.")
    if (line.share is None) == (line.amount is None):
        return _("Say either a share of the holding or an amount.")
    if line.share is not None and not 0 < line.share <= 100:
        return _("A share lies above 0 and at most at 100 per cent.")
    if line.amount is not None and line.amount <= 0:
        return _("An amount lies above 0.")
    if line.direction == BUY:
        if line.share is not None:
            return _("What is bought is said as an amount.")
        return "" if line.product_grade else _("Say the risk grade of the product.")
    return "" if bare(line.security_code.strip().upper()) in held else _("The client does not hold this security.")
