"""Segments that ask for surveys, calls, findings and complaints: each finds whom a plain reading finds, and tells nobody what
he may not hear."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from care.models import SurveyAnswer, SurveyRound
from clients.models import Client
from clients.segments import Context, compiled, fields_for, parse
from crm.core.clocks import local_date
from crm.core.models import Branch, User
from tests.clients.segment_reading import disagreements
from tests.doors import Staff
from tests.factories.care import FindingFactory, FollowUpCallFactory, SurveyInvitationFactory, programme_of
from tests.factories.clients import ClientFactory
from tests.factories.complaints import ComplaintFactory

NOW = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 15)
AGO = [NOW - timedelta(days=days) for days in (0, 1, 30, 31, 365, 366)]


def found(field: str, op: str, value: Any, user: User) -> set[int]:
    said = {"field": field, "op": op} | ({} if value is None else {"value": value})
    rule = compiled(parse({"all": [said]}, user), Context(user, NOW))
    return set(Client.objects.visible_to(user).filter(rule).values_list("pk", flat=True))


def test_surveys_and_their_rounds_find_whom_they_say(branch: Branch, staff: Staff) -> None:
    manager, crowd = staff("branch_manager"), {}
    rounds = [
        SurveyRound.objects.create(branch=branch, segment_name="全部", title=title, made_by=manager, made_at=NOW)
        for title in ("季度回访", "年会")
    ]
    for n, at in enumerate(AGO):
        client = ClientFactory(branch=branch)
        facts: dict[str, Any] = {"survey_invited": None, "survey_answered": None, "survey_round": []}
        if n:
            invitation = SurveyInvitationFactory(
                branch=branch, client=client, created_at=at, occasion="round", round=rounds[n % 2], state="answered"
            )
            facts |= {"survey_invited": local_date(at), "survey_round": [rounds[n % 2].public_id]}
        if n > 1:
            answered = at + timedelta(hours=1)
            SurveyAnswer.objects.create(invitation=invitation, satisfaction=3, recommendation=9, answered_at=answered)
            facts |= {"survey_answered": local_date(answered), "survey_score": 3, "survey_nps": 9}
        crowd[client.pk] = {"survey_score": None, "survey_nps": None, **facts}

    codes = {"survey_round": [row.public_id for row in rounds]}
    assert disagreements(manager, NOW, TODAY, crowd, codes=codes) == []


def test_calls_and_findings_find_whom_they_say(branch: Branch, staff: Staff) -> None:
    manager, crowd = staff("branch_manager"), {}
    for n, at in enumerate(AGO):
        client = ClientFactory(branch=branch)
        if n % 2:
            FollowUpCallFactory(
                client=client, due_on=local_date(at), programme=programme_of(branch.company, "tier_change")
            )
        if n % 3 == 0:
            FollowUpCallFactory(client=client, state="done", done_at=at)
        if n in (2, 3):
            call = FollowUpCallFactory(client=client, state="done", done_at=at)
            FindingFactory(call=call, **({"state": "closed", "closed_at": NOW} if n == 3 else {}))
        crowd[client.pk] = {
            "call_due": local_date(at) if n % 2 else None,
            "call_programme": ["tier_change"] if n % 2 else [],
            "call_done": local_date(at) if n % 3 == 0 or n in (2, 3) else None,
            "finding": n == 2,
        }

    assert disagreements(manager, NOW, TODAY, crowd, codes={"call_programme": ["tier_change", "new_account"]}) == []


def test_complaints_find_whom_they_say_and_strangers_change_no_count(branch: Branch, staff: Staff) -> None:
    manager, crowd = staff("branch_manager"), {}
    ComplaintFactory(stranger=True, branch=branch, received_at=NOW)
    for n in range(4):
        client = ClientFactory(branch=branch)
        rows = [(AGO[4], "manner", "major"), (AGO[0], "account", "ordinary"), (AGO[5], "other", "difficult")][:n]
        for at, subject, level in rows:
            ComplaintFactory(client=client, received_at=at, subject=subject, level=level, closed=n == 1)
        crowd[client.pk] = {
            "complained_at": [local_date(at) for at, _subject, _level in rows],
            "complaint_subject": [subject for _at, subject, _level in rows],
            "complaint_level": [level for _at, _subject, level in rows],
            "complaints_365": min(n, 2),
            "open_complaint": n > 1,
        }

    codes = {"complaint_subject": ["manner", "other", "advice"], "complaint_level": ["major", "ordinary"]}
    assert disagreements(manager, NOW, TODAY, crowd, codes=codes) == []


def test_who_is_recused_finds_nobody_by_a_complaint_or_by_a_finding(branch: Branch, staff: Staff) -> None:
    manager, client = staff("branch_manager"), ClientFactory(branch=branch)
    own = ClientFactory(branch=branch, advisor=manager)
    ComplaintFactory(client=client, received_at=NOW, complained_of=manager, subject="manner")
    FindingFactory(call=FollowUpCallFactory(client=own, state="done", done_at=NOW))
    other = staff("branch_manager")

    for field, op, value, who in (
        ("complaint_subject", "any", ["manner"], client), ("complaints_365", "gte", "1", client),
        ("finding", "yes", None, own),
    ):  # fmt: skip
        assert found(field, op, value, manager) == set()
        assert found(field, op, value, other) == {who.pk}


def test_fields_of_surveys_and_findings_are_for_those_whose_pages_show_them(staff: Staff) -> None:
    advisor = set(fields_for(staff("advisor")))

    assert {"call_due", "call_done", "complaint_subject"} <= advisor
    assert not {"survey_answered", "survey_round", "survey_invited", "finding"} & advisor
    assert not {"finding"} & set(fields_for(staff("follow_up_caller")))
