"""Pages of what came of care: clients who cannot be reached, findings, and surveys."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from care.models import SurveyInvitation
from care.services import answer_survey
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.models import Branch
from tests.care.page_ground import call_of, text_of
from tests.doors import Staff, Web
from tests.factories.care import FindingFactory, SurveyInvitationFactory, answered
from tests.factories.clients import ClientFactory
from tiers.models import EvaluationRun, TierChange
from tiers.services.programmes import seed_default_programme

# -- unable and findings -----------------------------------------------------------------------------------------------


def test_a_request_is_asked_by_the_caller_and_approved_by_the_manager(web: Web, staff: Staff, branch: Branch) -> None:
    caller, manager = staff("follow_up_caller"), staff("branch_manager")
    call = call_of(branch, client=ClientFactory(branch=branch, silent=True))
    asked = reverse("care:call_unable", args=[call.public_id])
    assert asked in text_of(web(caller), "care:call", call.public_id)
    web(caller).post(asked, {"form_token": "a", "version": 1, "reason": "客户免打扰"})

    assert "客户免打扰" in text_of(web(manager), "care:unable")
    approve = reverse("care:unable_approve", args=[call.public_id])
    assert web(manager).get(approve).status_code == 200
    assert web(caller).post(approve, {"form_token": "b", "version": 2}).status_code == 403
    assert web(manager).post(approve, {"form_token": "b", "version": 2}).status_code == 302

    call.refresh_from_db()
    assert (call.state, call.unable_approved_by) == ("unable", manager)
    assert web(manager).post(approve, {"form_token": "x", "version": 3}).status_code == 409


def test_too_early_a_request_is_refused_with_the_reason(web: Web, staff: Staff, branch: Branch) -> None:
    call = call_of(branch)

    answer = web(staff("follow_up_caller")).post(
        reverse("care:call_unable", args=[call.public_id]), {"form_token": "a", "version": 1, "reason": "没空"}
    )

    assert answer.status_code == 409
    assert "too few attempts" in answer.content.decode()


def test_compliance_concludes_a_finding_and_the_manager_only_reads(web: Web, staff: Staff, branch: Branch) -> None:
    finding = FindingFactory(branch=branch)
    url = reverse("care:finding_close", args=[finding.public_id])

    assert web(staff("branch_manager")).get(url).status_code == 403
    assert url not in text_of(web(staff("branch_manager")), "care:findings")
    officer = web(staff("compliance"))
    assert url in text_of(officer, "care:findings")
    said = {"form_token": "a", "version": 1, "conclusion": "已谈话提醒"}
    assert officer.post(url, said).status_code == 302

    finding.refresh_from_db()
    assert (finding.state, finding.conclusion) == ("closed", "已谈话提醒")
    assert officer.post(url, {**said, "form_token": "b", "version": 2}).status_code == 409


# -- surveys -----------------------------------------------------------------------------------------------------------


def test_results_show_the_mean_the_score_and_the_comments(web: Web, staff: Staff, branch: Branch) -> None:
    answered(branch, 5, 10, "回复很快", created_at=timezone.now())
    answered(branch, 2, 3, "等了太久", created_at=timezone.now())

    text = text_of(web(staff("branch_manager")), "care:surveys")

    for shown in ("3.50", "回复很快", "等了太久", "Mean satisfaction by month"):
        assert shown in text


def test_surveys_of_another_branch_are_not_counted(
    web: Web, staff: Staff, branch: Branch, other_branch: Branch
) -> None:
    answered(other_branch, 1, 0, "别处的话", created_at=timezone.now())

    page = web(staff("branch_manager")).get(reverse("care:surveys"))

    assert page.context["found"]["asked"] == 0
    assert "别处的话" not in page.content.decode()


def test_the_front_desk_hands_out_a_link_that_is_shown_once(web: Web, staff: Staff, branch: Branch) -> None:
    invitation = SurveyInvitationFactory(branch=branch, expires_at=timezone.now() + timedelta(days=3))
    clerk = web(staff("front_desk"))
    url = reverse("care:survey_link", args=[invitation.public_id])
    assert url in text_of(clerk, "care:surveys")

    first = clerk.post(url, {"form_token": "a"})
    second = clerk.post(url, {"form_token": "a"})

    assert "/s/" in first.content.decode()
    assert '<svg class="qr"' in first.content.decode() and "style=" not in first.content.decode().split('class="qr"')[1]
    assert first["Cache-Control"] == "no-store, private"
    assert second.status_code == 302
    token = first.content.decode().split("/s/")[1].split("/")[0]
    answer_survey(actor=system_user(), token=token, now=timezone.now(), satisfaction=5, recommendation=9)
    assert SurveyInvitation.objects.get().state == "answered"
    assert clerk.post(url, {"form_token": "b"}).status_code == 410


def test_a_call_after_a_change_of_tier_names_the_tiers_in_the_readers_language(
    web: Web, staff: Staff, branch: Branch
) -> None:
    programme = seed_default_programme(company=branch.company, actor=system_user())
    tiers = {tier.code: tier for tier in programme.tiers.all()}
    client, day = ClientFactory(branch=branch), local_date(timezone.now())
    run = EvaluationRun.objects.create(
        programme=programme, branch=branch, day=day, window_days=30, down_after=3, actor=system_user()
    )
    change = TierChange.objects.create(
        client=client, old=tiers["silver"], new=tiers["gold"], day=day, reason="up", run=run, total=5000, days=1
    )
    call = call_of(branch, client=client, occurrence_key=f"tier:{change.public_id}", reason="silver → gold")
    caller = staff("follow_up_caller")
    caller.language = "zh-hans"
    caller.save()

    for page in (text_of(web(caller), "care:queue", view="all"), text_of(web(caller), "care:call", call.public_id)):
        assert "银卡 → 金卡" in page
        assert "silver" not in page
