"""What one wants to know before a word is said: what the client wants, holds and was promised, and what he may not be told."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import CharField, OuterRef, Subquery
from django.db.models.functions import Cast, JSONObject
from django.urls import reverse
from django.utils.translation import gettext as _

from care.models import SurveyInvitation
from clients.models import Client, Holding, NeedsInterview
from clients.questions import Goal, Horizon, Product, Restriction
from clients.suitability import highest_risk, may_be_recommended_to
from crm.core.fields import from_fen
from crm.core.models import User
from crm.core.policies import figures
from crm.core.querysets.aside import compiled_for, listed_aside
from crm.overview.piece import Link, Piece
from tiers.models import Promise, ServiceItem

#: Securities and promises of a panel; the rest is on its tab.
_MOST = 3


@compiled_for("clients.Client")
def _needs() -> Subquery:
    row = JSONObject(
        goals="goals",
        horizon="horizon",
        loss=Cast("loss_tolerance", CharField()),  # JSON would make a float of it
        products="products",
        restrictions="restrictions",
        on="taken_on",
    )
    return Subquery(NeedsInterview.objects.present().filter(client=OuterRef("pk")).values_list(row)[:1])


@compiled_for("clients.Client")
def _holdings() -> Subquery:
    newest = Holding.objects.filter(client=OuterRef("client")).order_by("-day").values("day")[:1]
    row = JSONObject(code="security_code", name="security_name", fen="market_value", day="day")
    return listed_aside(Holding.objects.filter(client=OuterRef("pk"), day=Subquery(newest)), "client", row)


@compiled_for("clients.Client")
def _promises() -> Subquery:
    row = JSONObject(pk="pk", due_on="due_on", name_zh="item__name_zh", name_en="item__name_en")
    return listed_aside(Promise.objects.due().filter(client=OuterRef("pk")), "client", row)


def along(user: User) -> dict[str, Any]:
    """What the panels need, asked in the client's own statement: whoever sees him sees his needs, holdings and promises."""
    asked: dict[str, Any] = {}
    if user.has_perm("clients.view_needsinterview"):
        asked["needs_along"] = _needs()
    if user.has_perm("clients.view_holding"):
        asked["holdings_along"] = _holdings()
    if user.has_perm("tiers.view_promise"):
        asked["promises_along"] = _promises()
    return asked


def needs_piece(user: User, client: Client, today: date) -> Piece | None:
    """What he wants, in a few words, as of when; without an interview the way to one."""
    if not user.has_perm("clients.view_needsinterview"):
        return None
    title, template = _("What the client wants"), "overview/_wants.html"
    may_ask = user.has_perm("clients.add_needsinterview")
    ask = Link(_("Ask about needs"), reverse("clients:needs_add", args=[client.public_id]))
    row: dict[str, Any] | None = client.needs_along  # type: ignore[attr-defined]  # came along
    if row is None:
        return Piece("needs", title, template, {}, (ask,), is_empty=True) if may_ask else None
    context = {
        "goals": _labels(Goal, row["goals"]),
        "horizon": Horizon(row["horizon"]).label if row["horizon"] else "",
        "loss": row["loss"],
        "products": _labels(Product, row["products"]),
        "on": date.fromisoformat(row["on"]),
    }
    return Piece("needs", title, template, context, (Link(_("All answers"), "?tab=needs"),))


def holdings_piece(user: User, client: Client, today: date) -> Piece | None:
    """The largest securities on the last day on file, each with its share of all of them."""
    if not user.has_perm("clients.view_holding"):
        return None
    rows: list[dict[str, Any]] = client.holdings_along or []  # type: ignore[attr-defined]  # came along
    if not rows:
        return None
    # As in ``clients.portfolio``: a short position has no share and takes none from the others.
    whole = sum(row["fen"] for row in rows if row["fen"] > 0)
    largest = sorted(rows, key=lambda row: (-row["fen"], row["code"]))[:_MOST]
    context = {
        "rows": [
            {**row, "value": from_fen(row["fen"]), "share": row["fen"] * 100 // whole if row["fen"] > 0 else None}
            for row in largest
        ],
        "more": len(rows) - len(largest),
        "on": date.fromisoformat(rows[0]["day"]),
    }
    return Piece(
        "holdings", _("Main holdings"), "overview/_holds.html", context, (Link(_("All holdings"), "?tab=assets"),)
    )


def promises_piece(user: User, client: Client, today: date) -> Piece | None:
    """What was promised and not given yet, the most urgent first."""
    if not user.has_perm("tiers.view_promise"):
        return None
    rows: list[dict[str, Any]] = client.promises_along or []  # type: ignore[attr-defined]  # came along
    if not rows:
        return None
    soonest = sorted(rows, key=lambda row: (row["due_on"], row["pk"]))[:_MOST]
    context = {
        "rows": [
            {
                "name": ServiceItem(name_zh=row["name_zh"], name_en=row["name_en"]).name,
                "due_on": date.fromisoformat(row["due_on"]),
            }
            for row in soonest
        ],
        "more": len(rows) - len(soonest),
        "today": today,
    }
    links = (Link(_("All promises"), "?tab=services"),)
    return Piece("promises", _("Promised next"), "overview/_promised.html", context, links)


def limits_piece(user: User, client: Client, today: date) -> Piece | None:
    """What he may not be told or offered: nothing without a valid grade, what he ruled out, what he does not like to hear."""
    return _limits(client, today, [])


def brief_limits_piece(user: User, client: Client, today: date) -> Piece | None:
    """The same before a call, where one also wants to know how far a recommendation may go."""
    most = highest_risk(client, today, figures(today, client.branch).json("suitability.match"))
    return _limits(client, today, [_("Products up to %(grade)s may be recommended.") % {"grade": most}] if most else [])


def _limits(client: Client, today: date, lines: list[str]) -> Piece | None:
    if not may_be_recommended_to(client, today):
        lines = [*lines, _("No valid risk grade: no product may be recommended.")]
    elif client.is_lowest_risk:
        lines = [*lines, _("Lowest risk class: nothing above R1, not even at the client's own wish.")]
    wants: dict[str, Any] | None = getattr(client, "needs_along", None)
    ruled_out = _labels(Restriction, wants["restrictions"]) if wants else []
    if not (lines or ruled_out or client.avoid_topics):
        return None
    context = {"lines": lines, "ruled_out": ruled_out, "avoid": client.avoid_topics}
    return Piece("limits", _("Mind this"), "overview/_limits.html", context)


def mood_piece(user: User, client: Client, today: date) -> Piece | None:
    """How he answered the last survey; one about a complaint only for who may see the complaint."""
    if not user.has_perm("care.view_surveyinvitation"):
        return None
    rows = SurveyInvitation.objects.visible_to(user).answered().filter(client=client).select_related("answer")
    last = rows.order_by("-answer__answered_at").first()
    if last is None:
        return None
    return Piece("mood", _("Last survey"), "overview/_mood.html", {"answer": last.answer, "occasion": last})


def _labels(choices: Any, words: str) -> list[str]:
    """The words of code words as they stand in the database; one that no longer exists is left out."""
    return [str(choices(word).label) for word in words.split() if word in choices.values]
