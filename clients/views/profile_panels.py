"""What the profile tab shows beside the groups of facts: rows, relations, the household, the stage."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from clients.models import (
    AssetMilestone,
    Client,
    ContactPerson,
    ContactPoint,
    DocumentKind,
    FinancingNeed,
    HouseholdMember,
    IdentityDocument,
    Relation,
    StageOverride,
)
from clients.provenance import REFUSABLE_ROWS, Origin, origin, refused_facts
from clients.querysets.scope import shown_name
from clients.services.stages import assets_before
from clients.stages import Terms, reason_for, standing_of, tenure_years, upcoming
from clients.views.fact_groups import group_shown, groups_for
from crm.core.masking import MASKS
from crm.core.models import User
from crm.core.policies import figures
from crm.core.views.places import actor_of

#: Rows of one panel.
_MOST = 50
#: Milestones of so many days show on the page.
_AHEAD = 60


def profile_context(request: HttpRequest, client: Client, day: date) -> dict[str, Any]:
    """Everything on the tab, each panel for those who may see its rows."""
    user = actor_of(request)
    known = figures(day, client.branch)
    found: dict[str, Any] = {
        "groups": [group_shown(client, key, day) for key in groups_for(client)],
        "documents": documents_of(user, client, day),
        "points": _points(user, client),
        "relations": _relations(user, client),
        "household": _household(user, client),
        "stage": _stage(user, client, known, day),
        "refusals": refusals_of(client),
        "today": day,
    }
    if client.kind == Client.Kind.INSTITUTION:
        found |= {"persons": _persons(user, client), "needs": _needs(user, client)}
    return found


def refusals_of(client: Client) -> dict[str, Origin]:
    """Kinds of rows that the client refuses to give, each with who said so and when."""
    return {name: origin(client.provenance, name) for name in REFUSABLE_ROWS & refused_facts(client.provenance)}


def _urls(user: User, client: Client, kind: str, row: Any, *sealed: str) -> dict[str, Any]:
    """Where a row is changed, taken off and revealed, for those who may; and the version that stands on the page."""
    args = [client.public_id, row.public_id]
    made: dict[str, Any] = {"edit_url": "", "remove_url": "", "reveal": {}, "version": row.version}
    if user.has_perm(f"clients.change_{row._meta.model_name}"):
        made["edit_url"] = reverse(f"clients:{kind}_edit", args=args)
        if not getattr(row, "is_primary", False):
            made["remove_url"] = reverse(f"clients:{kind}_remove", args=args)
    if user.has_perm("clients.reveal_client"):
        for field in sealed:
            made["reveal"][field] = reverse("clients:row_reveal", args=[client.public_id, kind, row.public_id, field])
    return made


def documents_of(user: User, client: Client, day: date) -> list[dict[str, Any]]:
    """The client's own document first; one that only his columns know is shown like the others."""
    if not user.has_perm("clients.view_identitydocument"):
        return []
    rows = list(
        IdentityDocument.objects.visible_to(user).present().filter(client=client).order_by("-is_primary", "pk")[:_MOST]
    )
    found = [
        {
            "row": row,
            "origin": row.origin,
            "kind": row.get_kind_display(),
            "masked": row.masked,
            "days_left": row.days_left(day),
            **_urls(user, client, "document", row, "number"),
        }
        for row in rows
    ]
    if client.id_number and not any(row.is_primary for row in rows):
        found.insert(0, _own_document(user, client, day))
    ahead = max(figures(day, client.branch).integers("id.expiry_reminders"))
    for item in found:
        left = item["days_left"]
        item["runs_out"] = left is not None and 0 <= left <= ahead
    return found


def kind_of_document(client: Client) -> DocumentKind:
    """Of the client's own document; where a file did not name it, the one that his kind of client usually has."""
    usual = DocumentKind.LICENCE if client.kind == Client.Kind.INSTITUTION else DocumentKind.ID_CARD
    return DocumentKind(client.id_kind or usual)


def _own_document(user: User, client: Client, day: date) -> dict[str, Any]:
    kind, until = kind_of_document(client), client.id_valid_until
    may = user.has_perm("clients.reveal_client")
    return {
        "row": {
            "is_primary": True,
            "valid_until": until,
            "is_long_term": client.id_is_long_term,
            "issued_by": "",
        },
        "origin": origin(client.provenance, "id_number"),
        "kind": kind.label,
        "masked": MASKS["id_number"](client.id_number),
        "days_left": (until - day).days if until else None,
        "reveal": {"number": reverse("clients:reveal", args=[client.public_id, "id_number"])} if may else {},
        "edit_url": _completing(user, client, "document", "identitydocument", kind.value),
        "remove_url": "",
    }


def _completing(user: User, client: Client, kind: str, model: str, value: str) -> str:
    """The way to write down more about what only the client's own columns know."""
    if not user.has_perm(f"clients.add_{model}"):
        return ""
    return f"{reverse(f'clients:{kind}_add', args=[client.public_id])}?kind={value}&is_primary=1"


def _points(user: User, client: Client) -> list[dict[str, Any]]:
    if not user.has_perm("clients.view_contactpoint"):
        return []
    rows = list(
        ContactPoint.objects.visible_to(user)
        .present()
        .filter(client=client)
        .order_by("kind", "-is_primary", "pk")[:_MOST]
    )
    found = [
        {
            "row": row,
            "origin": row.origin,
            "kind": row.get_kind_display(),
            "masked": row.masked,
            **_urls(user, client, "contact_point", row, "value"),
        }
        for row in rows
    ]
    primary = {row.kind for row in rows if row.is_primary}
    may = user.has_perm("clients.reveal_client")
    own = []
    for kind in ("phone", "email", "address"):
        if kind not in primary and (held := getattr(client, kind)):
            own.append(
                {
                    "row": {"is_primary": True},
                    "origin": origin(client.provenance, kind),
                    "kind": ContactPoint.Kind(kind).label,
                    "masked": MASKS[kind](held),
                    "reveal": {"value": reverse("clients:reveal", args=[client.public_id, kind])} if may else {},
                    "edit_url": _completing(user, client, "contact_point", "contactpoint", kind),
                    "remove_url": "",
                }
            )
    return own + found


def _persons(user: User, client: Client) -> list[dict[str, Any]]:
    if not user.has_perm("clients.view_contactperson"):
        return []
    rows = ContactPerson.objects.visible_to(user).present().filter(client=client)
    return [
        {"row": row, "origin": row.origin, **_urls(user, client, "contact_person", row, "phone", "email")}
        for row in rows.order_by("-is_decision_maker", "pk")[:_MOST]
    ]


def _needs(user: User, client: Client) -> list[dict[str, Any]]:
    if not user.has_perm("clients.view_financingneed"):
        return []
    rows = FinancingNeed.objects.visible_to(user).present().filter(client=client)
    return [
        {"row": row, "origin": row.origin, **_urls(user, client, "financing_need", row)}
        for row in rows.order_by("-pk")[:_MOST]
    ]


def _relations(user: User, client: Client) -> dict[str, Any]:
    """Relations told from this client's side, with the assets of those who are clients, and of all of them together with him.

    Of clients whom the user may not see only the number of them is told.
    """
    if not user.has_perm("clients.view_relation"):
        return {"rows": [], "hidden": 0, "together": None}
    rows = list(Relation.objects.of(client).order_by("pk")[:_MOST])
    others = {row.pk: (row.other if row.client_id == client.pk else row.client) for row in rows}
    seen = set(
        Client.objects.visible_to(user)
        .filter(pk__in=[other.pk for other in others.values() if other is not None])
        .values_list("pk", flat=True)
    )
    shown = []
    for row in rows:
        other = others[row.pk]
        if other is not None and other.pk not in seen:
            continue
        mine = row.client_id == client.pk
        links = (
            _urls(user, client, "relation", row)
            if mine
            else {"edit_url": "", "remove_url": "", "reveal": {}, "version": 0}
        )
        shown.append(
            {
                "row": row,
                "origin": row.origin,
                "kind": Relation.Kind(row.kind_for(client)).label,
                "name": shown_name(other, user) if other else row.outsider_name,
                "url": other.get_absolute_url() if other else "",
                "assets": other.total_assets if other else None,
                **links,
            }
        )
    known = {other.pk: other.total_assets for other in others.values() if other is not None and other.pk in seen}
    together = sum(known.values(), start=client.total_assets) if known else None
    return {"rows": shown, "hidden": len(rows) - len(shown), "together": together}


def household_of(user: User, client: Client) -> dict[str, Any] | None:
    """The client's household: members whom the user may see with their assets, and how many others there are."""
    place = HouseholdMember.objects.filter(client=client).select_related("household").first()
    if place is None:
        return None
    rows = HouseholdMember.objects.visible_to(user).filter(household=place.household)
    members = [row.client for row in rows.select_related("client").order_by("-client__total_assets", "pk")[:_MOST]]
    everybody = HouseholdMember.objects.filter(household=place.household).count()
    return {
        "household": place.household,
        "members": members,
        "total": sum((member.total_assets for member in members), start=Decimal(0)),
        "hidden": everybody - len(members),
    }


def _household(user: User, client: Client) -> dict[str, Any] | None:
    if not user.has_perm("clients.view_household"):
        return None
    found = household_of(user, client)
    if found is not None:
        found["members"] = [
            {"client": member, "name": shown_name(member, user), "url": member.get_absolute_url()}
            for member in found["members"]
        ]
    return found


def _stage(user: User, client: Client, known: Any, day: date) -> dict[str, Any]:
    """The stage with its reason, tenure, days ahead, amounts reached and who was introduced."""
    terms = Terms.of(known)
    by_hand = StageOverride.objects.in_force(day).filter(client=client).select_related("set_by").first()
    past = assets_before(client.branch_id, day, terms.window_days, client.pk).get(client.pk)
    reason = by_hand.reason if by_hand else ""
    if client.stage and not by_hand:
        reason = reason_for(client.stage, standing_of(client, past), terms, day)
    return {
        "label": client.get_stage_display(),
        "since": client.stage_since,
        "reason": reason,
        "by_hand": by_hand,
        "tenure": tenure_years(client, day),
        "upcoming": [
            {"on": one.on, "text": one.text, "days": (one.on - day).days} for one in upcoming(client, day, _AHEAD)
        ],
        "reached": list(AssetMilestone.objects.visible_to(user).filter(client=client).order_by("amount")),
        "introduced": Client.objects.visible_to(user).filter(introduced_by_client=client).count(),
        "introduced_by": _introduced_by(user, client),
    }


def _introduced_by(user: User, client: Client) -> dict[str, str] | None:
    """The client who introduced this one, if the user may see him."""
    if client.introduced_by_client_id is None:
        return None
    found = Client.objects.visible_to(user).filter(pk=client.introduced_by_client_id).first()
    return {"name": shown_name(found, user), "url": found.get_absolute_url()} if found else None
