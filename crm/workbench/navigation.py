"""The rail: what a role may use, in the order of the house rules (制度第八条 names the five middle areas)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import HttpRequest
from django.urls import get_script_prefix, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.core.rail import Rail


@dataclass(frozen=True)
class Place:
    """One entry of the rail; shown to those who hold its right or that of a child (to everybody where it is empty)."""

    key: str
    label: str | Promise
    icon: str
    url_name: str
    right: str = ""
    children: tuple[Place, ...] = ()
    #: Starts of addresses that belong here although they lie beside the place's own.
    beside: tuple[str, ...] = ()
    #: The word for the narrow bar of a phone, where the label is too long for it.
    short: str | Promise = ""


PLACES: tuple[Place, ...] = (
    Place("day", _("My day"), "sun", "workbench:my_day"),
    Place(
        "clients",
        pgettext_lazy("rail", "Clients"),
        "users",
        "clients:list",
        "clients.view_client",
        (
            Place("clients", pgettext_lazy("rail", "Clients"), "users", "clients:list", "clients.view_client"),
            Place(
                "quality", _("Completing client data"), "list-check", "clients:quality", "clients.view_clientquality"
            ),
            Place(
                "duplicates",
                _("Duplicates"),
                "copy",
                "clients:duplicates",
                "clients.view_duplicatepair",
                beside=("/clients/merges/",),
            ),
        ),
    ),
    Place(
        "tiers",
        _("Needs & tiers"),
        "stairs-up",
        "tiers:index",
        "tiers.view_programme",
        (
            Place("tiers", _("Tiers"), "stairs-up", "tiers:index", "tiers.view_programme"),
            Place("commission", _("Commission desk"), "receipt-2", "tiers:commission", "tiers.view_ratecard"),
        ),
    ),
    Place(
        "services",
        _("Client services"),
        "heart-handshake",
        "workbench:services",
        "clients.view_client",
        (
            Place(
                "services", _("Overview of services"), "heart-handshake", "workbench:services", "clients.view_client"
            ),
            Place(
                "promises",
                _("Promises"),
                "list-check",
                "tiers:promises",
                "tiers.view_promise",
                beside=("/services/deliveries/",),
            ),
            Place("plans", _("Service plans"), "clipboard-list", "tiers:plans", "tiers.view_serviceplan"),
            Place("market_events", _("Market events"), "target", "tiers:market_events", "tiers.view_promise"),
            Place("touch", _("Losing touch"), "phone-off", "tiers:touch", "tiers.view_promise"),
            Place(
                "reviews",
                _("Portfolio reviews"),
                "chart-bar",
                "advisory:reviews",
                "advisory.view_portfolioreview",
            ),
            Place("bookings", _("Bookings"), "calendar", "tiers:bookings", "tiers.view_booking"),
            Place(
                "preferences", _("Preference segments"), "target", "tiers:preferences", "tiers.view_preferencesegment"
            ),
            Place("publications", _("Publications"), "send", "tiers:publications", "tiers.view_publication"),
            Place("kept", _("Promises kept"), "chart-bar", "tiers:kept", "tiers.view_promise"),
            Place("catalogue", _("Catalogue of services"), "list-details", "tiers:catalogue", "tiers.view_serviceitem"),
            Place(
                "entitlements",
                _("Entitlements"),
                "table",
                "tiers:grid",
                "tiers.view_serviceitem",
                beside=("/services/cadence/",),
            ),
        ),
        short=pgettext_lazy("bar of a phone", "Services"),
    ),
    Place("care", _("Client care"), "phone-call", "care:queue", "care.view_followupcall"),
    Place(
        "complaints",
        pgettext_lazy("rail", "Complaints"),
        "message-report",
        "complaints:list",
        "complaints.view_complaint",
    ),
    Place(
        "branch",
        _("Branch"),
        "building",
        "dashboard:branch",
        "core.view_branchhome",
        (
            Place("home", _("Branch home"), "chart-bar", "dashboard:branch", "core.view_branchhome"),
            Place(
                "data_requests",
                _("Data-subject requests"),
                "shield-half",
                "clients:data_requests",
                "clients.view_datarequest",
            ),
            Place("notices", _("Privacy notices"), "file-text", "clients:notices", "clients.view_privacynotice"),
            Place("aml", _("Money-laundering grades"), "scale", "clients:aml", "clients.view_amlgrade"),
            Place("suspicions", _("Suspicion flags"), "flag", "clients:suspicions", "clients.view_suspicionflag"),
            Place("retention", _("Retention and holds"), "lock", "clients:retention", "clients.view_legalhold"),
            Place(
                "client_data",
                _("Quality of client data"),
                "gauge",
                "dashboard:quality",
                "core.view_branchhome",
            ),
            Place("staying", _("Clients who stay"), "users-group", "dashboard:staying", "core.view_branchhome"),
            Place("contacts", _("Contacts of the day"), "phone", "dashboard:contacts", "core.view_branchhome"),
            Place("matching", _("Matching"), "arrows-exchange", "advisory:matching", "advisory.view_matchingrun"),
            Place("advisors", _("Advisors"), "id-badge-2", "advisory:advisors", "advisory.view_advisorprofile"),
            Place("hand_overs", _("Hand-overs"), "transfer", "advisory:hand_overs", "advisory.view_handover"),
            Place("imports", _("Imports"), "file-import", "core:imports", "core.view_importbatch"),
            Place("exports", _("Exports"), "file-export", "core:exports", "core.view_exportrequest"),
            Place("jobs", _("Jobs"), "progress", "core:job_list", "core.view_jobrun"),
        ),
    ),
    Place(
        "settings",
        _("Settings"),
        "settings",
        "core:settings",
        "core.view_policy",
        (
            Place("settings", _("Settings"), "settings", "core:settings", "core.view_policy"),
            Place("policies", _("Policies"), "book", "core:policy_list", "core.view_policy"),
            Place("calendar", _("Calendar"), "calendar", "core:calendar", "core.view_calendarday"),
            Place("staff", _("Staff"), "id-badge-2", "core:staff_list", "core.view_user"),
            Place("audit", _("Audit trail"), "history", "core:audit_list", "core.view_auditentry"),
        ),
    ),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``nav_items`` for whoever is signed in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"nav_items": Rail()}
    held = user.get_all_permissions()
    return {"nav_items": Rail(item for place in PLACES if (item := _item(place, held, request.path)))}


@lru_cache(maxsize=256)
def _address(url_name: str, _prefix: str) -> str:
    """The rail leads to the same thirty places from every page."""
    return reverse(url_name)


def _item(place: Place, held: set[str], path: str) -> dict[str, Any] | None:
    children = [item for child in place.children if (item := _item(child, held, path))]
    if not place.right or place.right in held:
        url = _address(place.url_name, get_script_prefix())
    elif children:  # whoever may use a room finds the corridor, also without the right to the hall
        url = children[0]["url"]
    else:
        return None
    nearest = max((child["near"] for child in children), default=0)
    for child in children:  # "/branch/contacts/" lies below "/branch/"; only the nearer one is where we are
        child["active"] = 0 < child["near"] == nearest
    near = max((len(lead) for lead in (url, *_beside(place)) if _lies_below(path, lead)), default=0)
    return {
        "key": place.key,
        "label": place.label,
        "short": place.short or place.label,
        "icon": place.icon,
        "url": url,
        "near": near,
        "active": bool(near or nearest),
        "children": children,
    }


def _beside(place: Place) -> list[str]:
    return [f"{get_script_prefix().rstrip('/')}{lead}" for lead in place.beside]


def _lies_below(path: str, lead: str) -> bool:
    """My day stands at the root, and not everything is my day."""
    return path == lead or (lead != "/" and path.startswith(lead))
