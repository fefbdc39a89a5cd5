"""My day: one ranked queue of everything that is due for one person, each row with its reason and its clock.

Every source is asked through its own right and ``visible_to``; each costs one query, however long the day is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, cast

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from advisory.models import AdvisorProfile, MatchingRun
from care.models import Finding, FollowUpCall
from clients.models import Appointment, Client, QuestionToAsk
from clients.quality import labels
from clients.querysets.consents import open_to_marketing
from clients.querysets.scope import shown_name
from clients.stages import upcoming
from clients.suitability import told_from
from complaints.models import ComplaintClock
from crm.core.clocks import SHANGHAI
from crm.core.keyset import capped_count, capped_text
from crm.core.models import User
from crm.core.policies import figures
from crm.workbench.account_items import account_decisions, collateral, expiring_classes
from crm.workbench.advice_items import portfolio_reviews
from crm.workbench.compliance_items import data_requests, gradings_to_do
from crm.workbench.document_items import expiring_documents
from crm.workbench.export_items import exports
from crm.workbench.item import AHEAD, PER_SOURCE, Item
from crm.workbench.service_items import bookings, plan_steps, plans_to_look_at, promises, publications_to_tell
from crm.workbench.tier_items import programme_decisions, tier_decisions
from tiers.models import ClientRate

#: How many days back a concession still counts as just ended.
_JUST_ENDED = 7


def todays_items(user: User, today: date) -> list[Item]:
    """What is due, the most pressing first: overdue by how long, then today, then day by day; within a day by the weight
    of its kind."""
    items = [item for source in SOURCES for item in source(user, today)]
    return sorted(items, key=lambda item: (item.due_on, item.rank, item.title))


def promised_contacts(user: User, today: date) -> Iterator[Item]:
    """Clients of one's own book whom somebody promised to contact by today."""
    if not user.has_perm("clients.add_contactlog"):
        return
    own = Client.objects.visible_to(user).filter(advisor_id__in=user.scope.acting_ids).contact_due(today)
    for client in own.order_by("next_contact_on", "-total_assets")[:PER_SOURCE]:
        yield Item(
            "contact",
            _("Contact"),
            "phone-outgoing",
            cast(date, client.next_contact_on),
            shown_name(client, user),
            _("Next contact as agreed"),
            client.get_absolute_url(),
            brief_url=_brief(client),
            put_off_url=reverse("clients:next_date_put_off", args=[client.public_id]),
            rank=4,
        )


def appointments(user: User, today: date) -> Iterator[Item]:
    """What one has booked for today, by its hour, and what should have been held before."""
    if not user.has_perm("clients.view_appointment"):
        return
    rows = Appointment.objects.visible_to(user).due_by(today).filter(staff_id__in=user.scope.acting_ids)
    for row in rows.select_related("client").order_by("starts_at", "pk")[:PER_SOURCE]:
        begins = row.starts_at.astimezone(SHANGHAI)
        log = f"{reverse('clients:contact_add', args=[row.client.public_id])}?appointment={row.public_id}"
        yield Item(
            "appointment",
            _("Appointment"),
            "calendar",
            begins.date(),
            shown_name(row.client, user),
            f"{begins:%H:%M} {row.get_channel_display()} {row.subject or row.get_purpose_display()}",
            log,
            rank=0,
        )


def follow_up_calls(user: User, today: date) -> Iterator[Item]:
    """Calls that the caller may make today."""
    if not user.has_perm("care.make_followupcall"):
        return
    calls = FollowUpCall.objects.visible_to(user).callable_on(today).for_caller(user).for_list()
    for call in calls.order_by("due_on", "pk")[:PER_SOURCE]:
        yield Item(
            "call",
            _("Follow-up call"),
            "phone-call",
            call.due_on,
            shown_name(call.client, user),
            str(call.programme),
            call.get_absolute_url(),
            rank=3,
        )


def complaint_clocks(user: User, today: date) -> Iterator[Item]:
    """Clocks of complaints that the user handles or, while nobody does, has taken down; who accepts sees all of those."""
    if not user.has_perm("complaints.handle_complaint"):
        return
    clocks = ComplaintClock.objects.visible_to(user).running().select_related("complaint")
    nobodys = clocks.filter(complaint__handler=None)
    if not user.has_perm("complaints.accept_complaint"):
        nobodys = nobodys.filter(complaint__registered_by=user)
    mine = clocks.filter(complaint__handler=user) | nobodys
    seen: set[int] = set()
    for clock in mine.order_by("due_on", "pk")[: PER_SOURCE * 2]:
        if clock.complaint_id in seen:
            continue
        seen.add(clock.complaint_id)
        yield Item(
            "complaint",
            _("Complaint"),
            "message-report",
            clock.due_on,
            clock.complaint.number,
            str(clock.get_kind_display()),
            clock.complaint.get_absolute_url(),
            rank=1,
        )


def decisions(user: User, today: date) -> Iterator[Item]:
    """What waits for the user's approval: client rates, matchings, calls that were not possible."""
    if user.has_perm("tiers.approve_clientrate"):
        rates = ClientRate.objects.visible_to(user).waiting().exclude(proposed_by=user).exclude(endorsed_by=user)
        yield from _rates_of_tier_changes(rates.filter(origin="tier_change"), today)
        rates = rates.filter(origin="concession")
        for rate in rates.select_related("client")[:PER_SOURCE]:
            url = reverse("tiers:commission")
            yield Item(
                "decision",
                _("Approval"),
                "discount",
                today,
                shown_name(rate.client, user),
                _("Client rate"),
                url,
                rank=2,
            )
    if user.has_perm("advisory.approve_matchingrun"):
        for run in MatchingRun.objects.visible_to(user).proposed().select_related("branch")[:5]:
            url = run.get_absolute_url()
            yield Item(
                "decision",
                _("Approval"),
                "arrows-exchange",
                today,
                str(run.branch),
                _("Matching to be decided"),
                url,
                rank=2,
            )
    if user.has_perm("care.approve_unable"):
        calls = FollowUpCall.objects.visible_to(user).awaiting_approval().exclude(unable_proposed_by=user)
        for call in calls.select_related("client")[:PER_SOURCE]:
            url = call.get_absolute_url()
            yield Item(
                "decision",
                _("Approval"),
                "phone-off",
                call.due_on,
                shown_name(call.client, user),
                _("Call not possible"),
                url,
                rank=2,
            )


def _rates_of_tier_changes(rates: Any, today: date) -> Iterator[Item]:
    """One line for all of them: a month-end moves many clients at once."""
    count, more = capped_count(rates)
    if count:
        name = ngettext("%(count)s rate", "%(count)s rates", count) % {"count": capped_text(count, more)}
        url = reverse("tiers:commission")
        yield Item("decision", _("Approval"), "discount", today, name, _("Rates after changes of tier"), url, rank=2)


def rates_of_clients(user: User, today: date) -> Iterator[Item]:
    """Rates that wait for the word of one's own clients, and concessions that end soon or have just ended."""
    if not user.has_perm("tiers.add_clientrate"):
        return
    own = ClientRate.objects.visible_to(user).filter(client__advisor_id__in=user.scope.acting_ids)
    for rate in own.offered().select_related("client").order_by("accept_by", "pk")[:PER_SOURCE]:
        url = reverse("tiers:rate_accept", args=[rate.public_id])
        name, why = shown_name(rate.client, user), _("New rate: the client has to agree")
        yield Item("rate", _("Commission"), "discount", cast(date, rate.accept_by), name, why, url, rank=5)
    soon = timedelta(days=figures(today, user.branch).days("commission.ending_soon"))
    ending = own.ending(today - timedelta(days=_JUST_ENDED), today + soon).select_related("client")
    for rate in ending.order_by("valid_to", "pk")[:PER_SOURCE]:
        url, name = reverse("tiers:proof", args=[rate.client.public_id]), shown_name(rate.client, user)
        last = cast(date, rate.valid_to)
        over = last < today
        why = _("Concession has ended; the card holds again") if over else _("Concession ends")
        yield Item("rate", _("Commission"), "discount", max(last, today), name, why, url, rank=7)


def findings(user: User, today: date) -> Iterator[Item]:
    """Bad answers that compliance has to look into."""
    if not user.has_perm("care.change_finding"):
        return
    rows = Finding.objects.visible_to(user).open().select_related("call__client")
    for finding in rows.order_by("opened_at")[:PER_SOURCE]:
        yield Item(
            "finding",
            _("Finding"),
            "alert-triangle",
            today,
            shown_name(finding.call.client, user),
            _("Bad answer in a follow-up call"),
            reverse("care:findings"),
            rank=1,
        )


def expiring_grades(user: User, today: date) -> Iterator[Item]:
    """Risk grades of own clients that run out soon: without one nothing may be recommended."""
    if not user.has_perm("clients.assess_client"):
        return
    own = Client.objects.visible_to(user).filter(advisor_id__in=user.scope.acting_ids)
    soon = own.risk_expiring(today, today + timedelta(days=told_from(today, user.branch)))
    for client in soon.order_by("risk_valid_until")[:PER_SOURCE]:
        yield Item(
            "risk",
            _("Risk grade"),
            "shield-half",
            cast(date, client.risk_valid_until),
            shown_name(client, user),
            _("Assessment runs out"),
            client.get_absolute_url(),
            brief_url=_brief(client),
            rank=6,
        )


def stale_needs(user: User, today: date) -> Iterator[Item]:
    """Own clients whose needs nobody has asked lately, the largest first, a few a day (``kyc.needs_a_day``).

    Nobody promised these clients anything: a row is never overdue and stands behind all others of the day. Whom a contact
    is agreed with soon is asked then, in the form beside the queue, and is not named twice.
    """
    if not user.has_perm("clients.add_needsinterview"):
        return
    known = figures(today, user.branch)
    fresh = known.days("kyc.needs_fresh_days")
    own = Client.objects.visible_to(user).filter(advisor_id__in=user.scope.acting_ids, do_not_contact=False)
    rows = own.needs_stale(today - timedelta(days=fresh)).exclude(next_contact_on__lte=today + timedelta(days=AHEAD))
    asked_last: QuerySet[Any] = rows.with_needs_day()
    for client in asked_last.order_by("-total_assets", "-pk")[: known.integer("kyc.needs_a_day")]:
        asked: date | None = client.needs_on
        yield Item(
            "needs",
            _("Needs"),
            "clipboard-list",
            today,
            shown_name(client, user),
            _("Needs were last asked on %(day)s") % {"day": asked} if asked else _("Needs have never been asked"),
            client.tab_url("needs"),
            brief_url=_brief(client),
            rank=8,
        )


def questions_to_ask(user: User, today: date) -> Iterator[Item]:
    """Gaps in what is known of own clients that somebody wants asked, one line a client."""
    if not user.has_perm("clients.add_contactlog"):
        return
    rows = QuestionToAsk.objects.visible_to(user).open().filter(client__advisor_id__in=user.scope.acting_ids)
    rows = rows.filter(client__in=Client.objects.served().contactable()).select_related("client")
    by_client: dict[int, list[QuestionToAsk]] = {}
    for row in rows.order_by("-client__total_assets", "client_id", "item")[: PER_SOURCE * 3]:
        by_client.setdefault(row.client_id, []).append(row)
    for found in list(by_client.values())[:PER_SOURCE]:
        client = found[0].client
        yield Item(
            "ask",
            _("Client data"),
            "list-check",
            today,
            shown_name(client, user),
            _to_ask(found),
            client.tab_url("needs" if any(row.reasons for row in found) else "quality"),
            brief_url=_brief(client),
            rank=9,
        )


def _to_ask(found: list[QuestionToAsk]) -> str:
    """What is wanting, and before it what is to be asked again and why."""
    again = [row.words for row in found if row.reasons]
    items = labels(row.item for row in found if not row.reasons)
    return " · ".join([*again, *([_("To be asked: %(items)s") % {"items": _(", ").join(items)}] if items else [])])


def days_worth_a_word(user: User, today: date) -> Iterator[Item]:
    """Birthdays and anniversaries of own clients in the next days; nobody greets who has refused that."""
    if not user.has_perm("clients.view_profile"):
        return
    ahead = figures(today, user.branch).days("milestone.ahead_days")
    own = (
        Client.objects.visible_to(user).filter(open_to_marketing(), advisor_id__in=user.scope.acting_ids).contactable()
    )
    for client in own.with_day_ahead(today, ahead).order_by("-total_assets", "pk")[:PER_SOURCE]:
        for one in upcoming(client, today, ahead)[:1]:
            yield Item(
                "milestone",
                _("Milestone"),
                "cake" if one.kind == "birthday" else "flag",
                one.on,
                shown_name(client, user),
                one.text,
                client.get_absolute_url(),
                brief_url=_brief(client),
                rank=7,
            )


def expiring_licences(user: User, today: date) -> Iterator[Item]:
    """Licences that run out soon: one's own, or those of the branch for its manager."""
    rows = AdvisorProfile.objects.visible_to(user).select_related("user")
    if not user.has_perm("advisory.change_advisorprofile"):
        rows = rows.filter(user=user)
    for profile in rows.licence_expiring(today, today + timedelta(days=AHEAD))[:20]:
        yield Item(
            "licence",
            _("Licence"),
            "certificate",
            profile.licence_valid_until,
            profile.user.name,
            _("Licence runs out"),
            reverse("advisory:advisors") if user.has_perm("advisory.view_advisorprofile") else reverse("core:profile"),
            rank=6,
        )


def _brief(client: Any) -> str:
    return reverse("overview:brief", args=[client.public_id])


SOURCES: tuple[Callable[[User, date], Iterator[Item]], ...] = (
    appointments,
    complaint_clocks,
    decisions,
    rates_of_clients,
    account_decisions,
    tier_decisions,
    programme_decisions,
    exports,
    collateral,
    findings,
    follow_up_calls,
    bookings,
    promises,
    plan_steps,
    publications_to_tell,
    portfolio_reviews,
    plans_to_look_at,
    promised_contacts,
    expiring_grades,
    expiring_classes,
    stale_needs,
    questions_to_ask,
    expiring_documents,
    days_worth_a_word,
    data_requests,
    gradings_to_do,
    expiring_licences,
)
