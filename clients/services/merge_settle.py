"""Which of two rows stands where the rules allow a client only one: present advisor, present interview, open permission, …"""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from clients.models import AmlGrade, IdentityDocument, TradingPermission
from clients.registry import ClientBound, Moment, Moves, Stays, Values
from clients.services.merge_assets import DailyAssets, add_holdings, shared_holdings

Settled = tuple[Values | None, Values]


def newest_consent(leaving: Any, staying: Any, _moment: Moment) -> Settled:
    """The newer of two answers about one purpose stands; of two of one day the one against it."""
    newer = (leaving.answered_on, leaving.is_against) > (staying.answered_on, staying.is_against)
    return ({}, {"is_present": False}) if newer else ({"is_present": False}, {})


def stricter_grade(leaving: Any, staying: Any, _moment: Moment) -> Settled:
    """Of two present money-laundering grades the higher risk stands, and of equal ones that which is reviewed first."""
    order = [grade.value for grade in AmlGrade.Grade]
    first = (order.index(leaving.grade), leaving.review_on) < (order.index(staying.grade), staying.review_on)
    return ({}, {"is_present": False}) if first else ({"is_present": False}, {})


def one_present_book(leaving: Any, staying: Any, moment: Moment) -> Settled:
    """The client is in the book that was chosen; the other assignment ends now and stays in the history."""
    ended = staying if "advisor" in moment.taken else leaving
    values = {"until": max(moment.now, ended.since)}
    return ({}, values) if ended is staying else (values, {})


def newest_needs(leaving: Any, staying: Any, _moment: Moment) -> Settled:
    """The newer of two present interviews is what the client wants."""
    if (leaving.taken_on, leaving.pk) > (staying.taken_on, staying.pk):
        return {}, {"is_present": False}
    return {"is_present": False}, {}


def one_live_permission(leaving: Any, staying: Any, moment: Moment) -> Settled:
    """An open permission stands before one that was only asked for; of two open ones that of the client who stays."""
    state = TradingPermission.State
    if leaving.state == state.WAITING:
        return None, {}
    if staying.state == state.WAITING:
        return {}, {"state": state.REFUSED.value, "decision_note": moment.reason}
    closed = max(moment.today, leaving.opened_on)
    return {
        "state": state.CLOSED.value,
        "closed_on": closed,
        "closed_by_id": moment.actor.pk,
        "close_reason": moment.reason[:200],
    }, {}


def both_contacts(leaving: Any, _staying: Any, _moment: Moment) -> Settled:
    """Two contacts that two files gave the same number are two contacts: the number of the one bears its key."""
    return {"external_id": f"{leaving.external_id[:38]}~{leaving.pk}"}, {}


def chosen_primary(leaving: Any, staying: Any, moment: Moment) -> Settled:
    """The primary document, phone or address is the one whose fact was chosen; the other stays beside it."""
    fact = "id_number" if isinstance(leaving, IdentityDocument) else leaving.kind
    second = {"is_primary": False}
    return ({}, second) if fact in moment.taken else (second, {})


def one_class_in_force(leaving: Any, staying: Any, moment: Moment) -> Settled:
    """Of two investor classes in force the chosen one holds on; the other ends as replaced."""
    ended = staying if "investor_class" in moment.taken else leaving
    values = {"state": "ended", "ended_on": max(moment.today, ended.valid_from), "end_reason": "replaced"}
    return ({}, values) if ended is staying else (values, {})


def one_stage_by_hand(_leaving: Any, _staying: Any, moment: Moment) -> Settled:
    """The stage that was set on the client who stays stands."""
    return {"ended_at": moment.now}, {}


def one_standing_hold(_leaving: Any, _staying: Any, moment: Moment) -> Settled:
    """Both are held: the hold of the client who stays covers what goes over to him."""
    return {"lifted_at": moment.now, "lifted_by_id": moment.actor.pk, "lift_reason": moment.reason[:200]}, {}


def first_reached(leaving: Any, staying: Any, _moment: Moment) -> Settled:
    """An amount was reached on the earlier of the two days."""
    return None, {"reached_on": min(leaving.reached_on, staying.reached_on)}


def one_question(leaving: Any, staying: Any, _moment: Moment) -> Settled:
    """Of two open questions for one item the staying client's stands; why the leaving one's was asked again goes with it, and the
    later wish is the one to be met."""
    if not leaving.reasons:
        return None, {}
    own = staying.reasons
    later = staying if own and staying.asked_for_at > leaving.asked_for_at else leaving
    told = [*own, *(reason for reason in leaving.reasons if reason not in own)]
    return None, {"reasons": told, "asked_for_by_id": later.asked_for_by_id, "asked_for_at": later.asked_for_at}


def own_rows() -> list[ClientBound]:
    """Rows of this app that belong to a client, and what becomes of each in a merge."""
    return [
        ClientBound("clients.DailyAsset", on_merge=DailyAssets()),
        ClientBound(
            "clients.Holding",
            on_merge=Moves({"holding_once_per_day_and_security": add_holdings}, overlap=shared_holdings),
        ),
        ClientBound("clients.ContactLog", on_merge=Moves({"imported_contact_once": both_contacts})),
        ClientBound("clients.RiskAssessment", on_merge=Moves()),
        ClientBound("clients.AdvisorAssignment", on_merge=Moves({"one_present_advisor_per_client": one_present_book})),
        ClientBound("clients.ClientTeamMember", on_merge=Moves()),
        ClientBound("clients.Account", on_merge=Moves()),
        ClientBound("clients.BusinessLineMark", on_merge=Moves()),
        ClientBound("clients.NeedsInterview", on_merge=Moves({"one_present_needs_interview_per_client": newest_needs})),
        ClientBound("clients.ConsentRecord", on_merge=Moves({"one_present_consent_a_purpose": newest_consent})),
        ClientBound(
            "clients.AmlGrade",
            on_merge=Moves({"one_present_aml_grade_a_client": stricter_grade}),
            is_told=False,
            is_secret=True,
        ),
        ClientBound("clients.SuspicionFlag", on_merge=Moves(), is_told=False, is_secret=True),
        ClientBound("clients.TradingPermission", on_merge=Moves({"permission_live_once": one_live_permission})),
        ClientBound("clients.EntryTest", on_merge=Moves()),
        ClientBound("clients.Appointment", on_merge=Moves()),
        ClientBound("clients.IdentityDocument", on_merge=Moves({"one_primary_document_per_client": chosen_primary})),
        ClientBound("clients.DocumentReminder", on_merge=Moves(), is_told=False),
        ClientBound("clients.ContactPoint", on_merge=Moves({"one_primary_contact_point_per_kind": chosen_primary})),
        ClientBound("clients.ContactPerson", on_merge=Moves()),
        ClientBound("clients.FinancingNeed", on_merge=Moves()),
        ClientBound("clients.Relation", on_merge=Moves(senseless=lambda _leaving, staying: Q(other=staying))),
        ClientBound("clients.Relation", "other", on_merge=Moves(senseless=lambda _leaving, staying: Q(client=staying))),
        ClientBound("clients.HouseholdMember", on_merge=Moves()),
        ClientBound("clients.StageOverride", on_merge=Moves({"one_open_stage_override": one_stage_by_hand})),
        ClientBound("clients.AssetMilestone", on_merge=Moves({"asset_milestone_once": first_reached})),
        ClientBound("clients.ClientTag", on_merge=Moves()),
        ClientBound("clients.InvestorClassification", on_merge=Moves({"one_class_in_force": one_class_in_force})),
        ClientBound("clients.ClientQuality", on_merge=Moves()),
        ClientBound("clients.QuestionToAsk", on_merge=Moves({"one_open_question_per_item": one_question})),
        ClientBound("clients.DataRequest", on_merge=Moves()),
        ClientBound("clients.LegalHold", on_merge=Moves({"one_standing_hold_a_client": one_standing_hold})),
        # While one is under way nobody is merged, so these are history.
        ClientBound("clients.Erasure", on_merge=Moves()),
        ClientBound("clients.Client", "introduced_by_client", on_merge=Moves()),
        ClientBound("clients.Client", "merged_into", on_merge=Moves()),
        ClientBound("clients.BulkEditRow", on_merge=Stays(), is_told=False),
        ClientBound("clients.DuplicatePair", "first", on_merge=Stays(), is_told=False),
        ClientBound("clients.DuplicatePair", "second", on_merge=Stays(), is_told=False),
        ClientBound("clients.MergeRecord", "staying", on_merge=Stays(), is_told=False),
        ClientBound("clients.MergeRecord", "leaving", on_merge=Stays(), is_told=False),
    ]
