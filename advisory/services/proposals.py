"""What a proposal of a review rests on, and which of its lines must not be recommended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from advisory.errors import NoAgreement, NoLicence, NoRiskGrade, NotSuitable
from advisory.models import AdvisorProfile, AdvisoryAgreement, ReviewLine
from advisory.services.review_look import Look
from advisory.suitability import Investor, against_buying, bare
from clients.models import Client, TradingPermission
from clients.suitability import highest_risk
from crm.core.errors import InvalidInput
from crm.core.models import User
from crm.core.policies import figures

if TYPE_CHECKING:
    from advisory.services.reviews import Line

BUY, SELL = ReviewLine.Direction.BUY, ReviewLine.Direction.SELL


@dataclass(frozen=True)
class Grounds:
    """Under which agreement advice is given, and to what kind of investor."""

    agreement: AdvisoryAgreement
    investor: Investor
    client: Client


def grounds_for(client: Client, look: Look, actor: User, today: date) -> Grounds:
    """What a proposal of ``actor`` to this client rests on today (投顾暂行规定 Art. 7, 11; 适当性管理办法 Art. 22).

    Raises ``NoLicence``, ``NoAgreement``, ``NoRiskGrade``.
    """
    profile = AdvisorProfile.objects.filter(user=actor).first()
    if profile is None or not profile.may_advise(today):
        raise NoLicence(NoLicence.own)
    agreement = AdvisoryAgreement.objects.in_force(today).filter(client=client).order_by("-signed_on", "-pk").first()
    if agreement is None:
        raise NoAgreement
    highest = highest_risk(client, today, figures(today, client.branch).json("suitability.match"))
    if not highest:
        raise NoRiskGrade
    opened = TradingPermission.objects.in_force().filter(client=client).values_list("code", flat=True)
    restrictions = look.needs.restrictions if look.needs else []
    investor = Investor(client.risk_grade, highest, set(opened), set(restrictions))
    return Grounds(agreement, investor, client)


def refuse_lines(lines: Sequence[Line], grounds: Grounds, look: Look, today: date) -> None:
    """Raise ``InvalidInput`` for a line that cannot be meant, ``NotSuitable`` for one that must not be recommended."""
    held = {bare(one.holding.security_code) for one in look.portfolio.positions}
    for number, line in enumerate(lines, 1):
        if wrong := _unclear(line, held):
            said = _("Line %(number)s: %(text)s") % {"number": number, "text": wrong}
            raise InvalidInput(fields={"lines": said})
    least = figures(today, grounds.client.branch).json("suitability.product_grades")
    for number, line in enumerate(lines, 1):
        if line.direction != BUY:
            continue
        code, name = line.security_code.strip().upper(), line.security_name.strip()
        if against := against_buying(code, name, line.product_grade, grounds.investor, least):
            said = _("Line %(number)s: %(text)s") % {"number": number, "text": against}
            raise NotSuitable(said, fields={"lines": said})


def _unclear(line: Line, held: set[str]) -> str:
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
