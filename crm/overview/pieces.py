"""What other apps know about a client, piece by piece for his page.

Each piece is asked through its own app's right and ``visible_to``: a complaint from which somebody is recused must not show
up here by the back door. A piece is a function (user, client, today) → ``Piece`` or None; a new one gets a line in ``PIECES``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from advisory.models import AdvisoryAgreement
from care.models import CareProgramme, FollowUpCall
from clients.models import Client, QuestionToAsk
from clients.querysets.consents import refuses_marketing
from clients.suitability import steps_along
from complaints.models import Complaint
from complaints.views.rows import dress
from crm.core.masking import MASKS
from crm.core.models import User
from crm.core.querysets.aside import compiled_for, listed_aside
from crm.overview import known
from crm.overview.piece import Link, Piece
from tiers.models import TierState
from tiers.querysets.lines import TierLine, tier_lines
from tiers.querysets.proof import proof_of

#: Rows of a panel; the rest is a click away.
_MOST = 5
#: Field → mask, in the order of the page.
_PRIVATE = {"phone": "phone", "id_number": "id_number", "email": "email", "address": "address"}


def tier_piece(user: User, client: Client, today: date) -> Piece | None:
    """The present tier, since when, and the way to its arithmetic."""
    if not user.has_perm("tiers.view_tierstate"):
        return None
    if TierState.client.field.remote_field.is_cached(client):
        state = getattr(client, "tier_state", None)  # came with the client, who was found by ``visible_to``
    else:
        state = TierState.objects.visible_to(user).select_related("tier").filter(client=client).first()
    if state is None:
        return None
    why = Link(_("Why this tier?"), reverse("tiers:proof", args=[client.public_id]))
    return Piece("tier", _("Client tier"), "overview/_tier.html", {"state": state}, (why,))


def beside(user: User) -> tuple[str, ...]:
    """What may come in one statement with the client, because whoever sees him sees it."""
    known = ("quality",) if user.has_perm("clients.view_clientquality") else ()
    return (*known, "tier_state__tier") if user.has_perm("tiers.view_tierstate") else known


def along(user: User, today: date) -> dict[str, Any]:
    """What panels need of other apps, asked in the client's own statement: most clients have nothing there to fetch.

    Whoever sees a client sees his calls and agreements; of complaints there are some about which he may not know.
    """
    asked: dict[str, Any] = {"steps_along": steps_along(today, OuterRef("branch_id"))}
    if user.has_perm("clients.view_consentrecord"):
        asked["refuses_marketing"] = _refuses_marketing()
    if user.has_perm("complaints.view_complaint"):
        asked["has_complaints"] = Exists(_complaints(user).filter(client=OuterRef("pk")))
    if user.has_perm("care.view_followupcall"):
        asked["calls_along"] = _calls()
    if user.has_perm("advisory.view_advisoryagreement"):
        asked["agreement_along"] = _agreement(today)
    return asked | known.along(user)


_refuses_marketing = compiled_for("clients.Client")(refuses_marketing)


def _complaints(user: User) -> Any:
    return Complaint.objects.visible_to(user).open()


@compiled_for("clients.Client")
def _calls() -> Subquery:
    """Open calls, with what overview/_care.html shows of them."""
    row = JSONObject(pk="pk", public_id="public_id", state="state", due_on="due_on", code="programme__code")
    return listed_aside(FollowUpCall.objects.open().filter(client=OuterRef("pk")), "client", row)


@compiled_for("clients.Client")
def _agreement(today: date) -> Subquery:
    """The newest that is in force."""
    row = JSONObject(number="number", signed_on="signed_on", cancel_until="cancel_until", name="advisor__name")
    rows = AdvisoryAgreement.objects.in_force(today).filter(client=OuterRef("pk"))
    return Subquery(rows.order_by("-signed_on", "-pk").values_list(row)[:1])


def complaint_piece(user: User, client: Client, today: date) -> Piece | None:
    """Complaints under way with their clocks; who is recused from one does not learn of it here either."""
    if not user.has_perm("complaints.view_complaint"):
        return None
    rows: list[Any] = []
    if client.has_complaints:  # type: ignore[attr-defined]  # came along
        rows = list(_complaints(user).filter(client=client).with_clocks().order_by("-received_at", "-pk")[:_MOST])
    for row in rows:
        row.client = client
        dress(row, user)
    links: tuple[Link, ...] = ()
    if user.has_perm("complaints.add_complaint"):
        links = (Link(_("Take a complaint down"), f"{reverse('complaints:register')}?client={client.public_id}"),)
    if not rows and not links:
        return None
    context = {"rows": rows, "now": timezone.now()}
    return Piece("complaints", _("Open complaints"), "overview/_open_complaints.html", context, links, not rows)


def care_piece(user: User, client: Client, today: date) -> Piece | None:
    """Follow-up calls that have to be made, the next one first."""
    if not user.has_perm("care.view_followupcall"):
        return None
    rows = sorted(client.calls_along or [], key=lambda row: (row["due_on"], row["pk"]))  # type: ignore[attr-defined]  # came along
    if not rows:
        return None
    calls = [
        FollowUpCall(
            public_id=row["public_id"],
            state=row["state"],
            due_on=date.fromisoformat(row["due_on"]),
            programme=CareProgramme(code=row["code"]),
        )
        for row in rows[:_MOST]
    ]
    return Piece("care", _("Follow-up calls due"), "overview/_care.html", {"rows": calls, "today": today})


def agreement_piece(user: User, client: Client, today: date) -> Piece | None:
    """The advisory agreement in force, or the way to sign one."""
    if not user.has_perm("advisory.view_advisoryagreement"):
        return None
    found: dict[str, Any] | None = client.agreement_along  # type: ignore[attr-defined]  # came along
    row = found and {**found, **{name: date.fromisoformat(found[name]) for name in ("signed_on", "cancel_until")}}
    links = [Link(_("All agreements"), reverse("advisory:agreements", args=[client.public_id]))]
    if row is None and user.has_perm("advisory.add_advisoryagreement"):
        links = [Link(_("Sign an agreement"), reverse("advisory:agreement_sign", args=[client.public_id]))]
    context = {"row": row, "today": today}
    return Piece(
        "agreement", _("Advisory agreement"), "overview/_agreement.html", context, tuple(links), is_empty=row is None
    )


def questions_piece(user: User, client: Client, today: date) -> Piece | None:
    """What somebody wants asked when the client is next spoken with."""
    if not user.has_perm("clients.add_contactlog"):
        return None
    rows = list(QuestionToAsk.objects.visible_to(user).open().filter(client=client).order_by("pk"))
    if not rows:
        return None
    where = Link(_("Fill in"), reverse("clients:complete", args=[client.public_id]))
    links = (where,) if user.has_perm("clients.change_client") else ()
    items = [row.words for row in rows]
    return Piece("ask", _("To be asked"), "overview/_ask.html", {"items": items}, links)


def distance_piece(user: User, client: Client, today: date) -> Piece | None:
    """The tier with what is missing to the next one: worth a word in a call."""
    piece = tier_piece(user, client, today)
    if piece is not None:
        found = proof_of(client, today, user)
        held = piece.context["state"].tier
        # Who has fallen below what he holds (grace, or given by hand) lacks that much to keep it, not to rise.
        keeps = found.next is not None and found.next.rank <= held.rank
        piece.context.update(next=found.next, missing=found.missing, keeps=keeps)
    return piece


Asked = Callable[[User, Client, date], Piece | None]
PIECES: tuple[Asked, ...] = (
    tier_piece,
    known.limits_piece,
    known.needs_piece,
    known.holdings_piece,
    known.promises_piece,
    complaint_piece,
    care_piece,
    agreement_piece,
)
#: Before a call: the questions that are put in it first, what the client may not be told, and how he felt last.
BRIEF_PIECES: tuple[Asked, ...] = (
    questions_piece,
    known.brief_limits_piece,
    distance_piece,
    known.needs_piece,
    known.holdings_piece,
    known.promises_piece,
    complaint_piece,
    care_piece,
    known.mood_piece,
    agreement_piece,
)


def pieces(user: User, client: Client, today: date, *, brief: bool = False) -> list[Piece]:
    """Everything that ``user`` may see beside this client's own facts."""
    return [found for piece in (BRIEF_PIECES if brief else PIECES) if (found := piece(user, client, today)) is not None]


def lines_for(user: User, client: Client, today: date) -> list[TierLine]:
    """The bounds of the tiers, for the curve of assets."""
    return tier_lines(client.branch, today) if user.has_perm("tiers.view_tierstate") else []


def private_values(client: Client, user: User, *, only: tuple[str, ...] = tuple(_PRIVATE)) -> list[dict[str, Any]]:
    """What is masked on a page, and for those who may look, where a look with a reason is asked for."""
    may = user.has_perm("clients.reveal_client")
    return [
        {
            "label": Client._meta.get_field(name).verbose_name,  # type: ignore[union-attr]  # plain fields all
            "value": MASKS[_PRIVATE[name]](held),
            "reveal_url": reverse("clients:reveal", args=[client.public_id, name]) if may else "",
        }
        for name in only
        if (held := getattr(client, name))
    ]
