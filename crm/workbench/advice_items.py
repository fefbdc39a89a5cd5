"""What portfolio reviews bring into my day: those that fall due, and proposals about which a client wanted to think."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, cast

from django.urls import reverse
from django.utils.translation import gettext as _

from advisory.models import PortfolioReview
from clients.querysets.scope import shown_name
from crm.core.models import User
from crm.core.policies import figures
from crm.workbench.item import PER_SOURCE, Item


def portfolio_reviews(user: User, today: date) -> Iterator[Item]:
    """Reviews of one's own clients that fall due in the next days (``review.ahead_days``), and proposals that have waited for
    an answer (``review.answer_days``) of clients who may be asked."""
    if not user.has_perm("advisory.change_portfolioreview"):
        return
    known = figures(today, user.branch)
    own: Any = PortfolioReview.objects.visible_to(user).mine(user).select_related("client")
    due = own.of_served().due_by(today + timedelta(days=known.days("review.ahead_days")))
    for row in due.order_by("due_on", "pk")[:PER_SOURCE]:
        reasons = row.reasons
        why = reasons[0].words if reasons else _("Portfolio review is due")
        yield _item(row, user, row.due_on, why, reverse("advisory:review_record", args=[row.public_id]))
    waited = timedelta(days=known.days("review.answer_days"))
    for row in own.to_ask_again(today - waited).order_by("done_on", "pk")[:PER_SOURCE]:
        since = cast(date, row.done_on) + waited
        url = reverse("advisory:review_answer", args=[row.public_id])
        yield _item(row, user, since, _("Client wanted to think about a proposal"), url)


def _item(row: Any, user: User, day: date, why: str, url: str) -> Item:
    return Item("review", _("Portfolio review"), "chart-bar", day, shown_name(row.client, user), why, url, rank=5)
