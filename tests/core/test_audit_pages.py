"""The trail on the screen: who looked at this client, what changed, whether the chain is whole, and what leaves the house."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from crm.core import append_only, audit
from crm.core.audit_words import action_in_words, object_in_words
from crm.core.models import AuditEntry, Heartbeat, JobRun

pytestmark = pytest.mark.django_db
CLIENT = "01JABCDEFGHJKMNPQRSTVWXYZ0"


@pytest.fixture
def auditor(web, staff):
    return web(staff("auditor"))


def listed(browser, **query):
    page = browser.get(reverse("core:audit_list"), query)
    assert page.status_code == 200
    return [entry.action for entry in page.context["page"]]


def test_who_looked_at_this_client(auditor, staff):
    adviser = staff("advisor")
    audit.record_read(adviser, "client.view", adviser, client=CLIENT)
    audit.record(adviser, "client.change", adviser, client=CLIENT)
    audit.record_read(adviser, "client.view", adviser, client="0" * 26)

    assert listed(auditor, client=CLIENT) == ["client.change", "client.view"]
    assert listed(auditor, client=CLIENT, reads="yes") == ["client.view"]
    assert "Who looked at this client" in auditor.get(reverse("core:audit_list"), {"client": CLIENT}).content.decode()


def test_the_trail_is_narrowed_by_person_action_object_and_day(auditor, staff, time_machine):
    time_machine.move_to("2026-11-20T23:59:59+08:00")
    ada, ben = staff("advisor", staff_number="A1"), staff("advisor")
    audit.record(ada, "test.late", ada)
    time_machine.move_to("2026-11-21T00:00:01+08:00")
    audit.record(ben, "test.early", ben)

    assert listed(auditor, actor="A1") == ["test.late"]
    assert listed(auditor, action="test.ea") == ["test.early"]
    assert listed(auditor, object=ben.public_id, kind="core.user") == ["test.early"]
    assert listed(auditor, action="test.", at_before="2026-11-20") == ["test.late"]
    assert listed(auditor, action="test.", at_after="2026-11-21", at_before="2026-11-21") == ["test.early"]
    assert listed(auditor, actor="nobody") == []


@pytest.mark.parametrize("query", ["cursor=x", "at_after=never", "client=%25", "reads=maybe", "actor=%25"])
def test_a_strange_question_is_answered_with_a_page(auditor, query):
    assert auditor.get(f"{reverse('core:audit_list')}?{query}").status_code == 200


def test_a_manager_sees_his_branch_and_not_another(web, staff, other_branch):
    here, there = staff("advisor"), staff("advisor", branch=other_branch)
    mine, foreign = audit.record(here, "test.here", here), audit.record(there, "test.there", there)
    browser = web(staff("branch_manager"))

    assert listed(browser, action="test.") == ["test.here"]
    codes = [
        browser.get(reverse("core:audit_detail", args=[i])).status_code
        for i in (mine.public_id, foreign.public_id, "0" * 26)
    ]
    assert codes == [200, 404, 404]


def test_what_is_kept_from_somebody_on_its_page_is_kept_from_him_in_the_trail(web, staff, monkeypatch, branch):
    """Recusal: the rows that a registered veil names vanish for one reader and for nobody else."""
    monkeypatch.setattr(audit, "_veils", {})
    manager, other = staff("branch_manager"), staff("branch_manager")
    secret = JobRun.objects.create(kind="about.him", actor=other, branch=branch)
    entry = audit.record(other, "test.secret", secret)
    audit.veil(JobRun)(
        lambda user: JobRun.objects.filter(kind="about.him") if user == manager else JobRun.objects.none()
    )

    assert listed(web(manager), action="test.secret") == []
    assert web(manager).get(reverse("core:audit_detail", args=[entry.public_id])).status_code == 404
    assert listed(web(other), action="test.secret") == ["test.secret"]


def test_all_pages_together_show_each_entry_once(auditor, staff):
    actor = staff("advisor")
    for number in range(120):
        audit.record(actor, "test.many", actor, after={"n": number})
    seen, url = [], f"{reverse('core:audit_list')}?action=test.many"
    while url:
        page = auditor.get(url).context["page"]
        seen += [entry.after["n"] for entry in page]
        url = f"{reverse('core:audit_list')}?action=test.many&cursor={page.next}" if page.next else ""

    assert seen == list(range(119, -1, -1))


def test_the_entry_shows_before_and_after_and_its_place_in_the_chain(auditor, staff):
    from datetime import timedelta

    actor = staff("advisor")
    entry = audit.record(
        actor,
        "staff.change",
        actor,
        before={"roles": ["advisor"], "phone": "1"},
        after={"roles": ["agent"], "phone": "13812348000"},
    )
    url = reverse("core:audit_detail", args=[entry.public_id])
    assert "Not sealed yet" in auditor.get(url).content.decode()

    audit.seal_entries(timezone.now() + timedelta(seconds=1))
    text = auditor.get(url).content.decode()

    assert "Changed a member of staff" in text
    assert "agent" in text
    assert "13812348000" not in text
    assert entry.seal.digest[:12] in text


def test_the_list_costs_the_same_for_one_entry_and_for_ten(auditor, staff, cost_of):
    audit.record(staff("advisor"), "test.cost", "x")
    url = f"{reverse('core:audit_list')}?action=test.cost"
    auditor.get(url)
    one = cost_of(lambda: auditor.get(url))
    for _turn in range(9):
        audit.record(staff("advisor"), "test.cost", "x")

    assert cost_of(lambda: auditor.get(url)) == one


def test_reading_the_trail_writes_nothing(auditor):
    auditor.get(reverse("core:audit_list"))
    before = AuditEntry.objects.count()

    auditor.get(reverse("core:audit_list"))

    assert AuditEntry.objects.count() == before


# -- export ------------------------------------------------------------------------------------------------------------


def export(browser, query="", reason="yearly audit"):
    return browser.post(f"{reverse('core:audit_export')}?{query}", {"form_token": "t", "reason": reason})


def test_the_export_holds_what_the_list_shows_and_is_itself_on_the_trail(auditor, staff):
    actor = staff("advisor", name="=cmd|' /C calc'!A0")
    audit.record(actor, "test.export", actor, reason="+1+1", client=CLIENT)
    audit.record(actor, "test.other", actor)

    answer = export(auditor, "action=test.export")

    assert answer["Content-Type"].startswith("text/csv")
    assert answer["Content-Disposition"].startswith("attachment")
    text = answer.content.decode()
    assert text.startswith("\ufeff")
    mark, head, row = list(csv.reader(io.StringIO(text[1:])))
    assert "yearly audit" in mark[0]
    assert len(head) == len(row) == 13
    assert row[1] == "'=cmd|' /C calc'!A0"
    assert row[8] == "'+1+1"
    entry = AuditEntry.objects.get(action="audit.export")
    assert (entry.after["rows"], entry.reason, entry.is_read) == (1, "yearly audit", True)


def test_without_a_reason_nothing_leaves(auditor):
    assert export(auditor, reason="").status_code == 400
    assert not AuditEntry.objects.filter(action="audit.export").exists()


def test_more_rows_than_policy_allows_do_not_leave(auditor, staff, monkeypatch):
    from datetime import date

    from crm.core.access import system_user
    from crm.core.models import PolicyKey
    from crm.core.services.policies import set_policy

    set_policy(
        actor=system_user(), key=PolicyKey.objects.get(pk="export.approval_above"), value=3, source="s", reason="r",
        effective_from=date(2020, 1, 1), today=date(2020, 1, 1),
    )  # fmt: skip
    for _turn in range(4):
        audit.record(staff("advisor"), "test.export", "x")

    answer = export(auditor, "action=test.export")

    assert answer.status_code == 409
    text = answer.content.decode()
    assert "These are 4 rows; without approval at most 3 may leave." in text
    assert 'name="at_after"' in text and 'name="at_before"' in text
    assert '<input type="hidden" name="action" value="test.export">' in text
    assert not AuditEntry.objects.filter(action="audit.export").exists()


def test_a_manager_takes_out_his_own_branch_only(web, staff, other_branch):
    here, there = staff("advisor"), staff("advisor", branch=other_branch)
    audit.record(here, "test.export", here)
    audit.record(there, "test.export", there)

    text = export(web(staff("branch_manager")), "action=test.export").content.decode()

    assert here.staff_number in text
    assert there.staff_number not in text


# -- the check ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def sealed(staff, tmp_path):
    from datetime import timedelta

    actor = staff("compliance")
    for number in range(4):
        audit.record(actor, "test.note", actor, after={"n": number})
    audit.seal_entries(timezone.now() + timedelta(seconds=1))
    return tmp_path / "anchor.json"


def verify(anchor):
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("audit_verify", "--anchor", str(anchor), stdout=out, stderr=err)
    except CommandError as refusal:
        return refusal.returncode, err.getvalue()
    return 0, err.getvalue()


def tamper(statement, *values):
    with append_only.lifted(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_a_whole_trail_is_noted_outside_of_the_database(sealed):
    assert verify(sealed) == (0, "")

    noted = json.loads(sealed.read_text())
    assert (noted["position"], noted["digest"]) == audit.head()
    assert oct(sealed.stat().st_mode)[-3:] == "600"


def test_a_cut_tail_is_named_by_the_second_check(sealed):
    verify(sealed)
    tamper("DELETE FROM core_auditseal WHERE position = %s", audit.head()[0])

    code, said = verify(sealed)

    assert code == 1
    assert "tail_cut" in said


def test_a_changed_entry_is_named_shown_on_the_page_and_the_anchor_stays(sealed, web, staff):
    verify(sealed)
    before = sealed.read_text()
    entry = AuditEntry.objects.filter(action="test.note").first()
    tamper("UPDATE core_auditentry SET reason = 'x' WHERE id = %s", entry.pk)

    code, said = verify(sealed)

    assert code == 1
    assert f"entry_changed at {entry.seal.position}: {entry.pk}" in said
    assert sealed.read_text() == before
    assert Heartbeat.objects.get(pk="audit_verify").detail["flaws"] == 1
    assert "Flaws found" in web(staff("auditor")).get(reverse("core:audit_list")).content.decode()


def test_a_broken_anchor_is_not_taken_for_none(sealed):
    sealed.write_text("{}")

    assert verify(sealed)[0] == 1


def test_words_for_actions_and_objects():
    assert action_in_words("policy.set") == "Set a policy figure"
    assert action_in_words("no.such") == "no.such"
    assert object_in_words("core.user") == "member of staff"
    assert object_in_words("no.such") == "no.such"
    assert object_in_words("word") == "word"


@pytest.mark.parametrize("address", ["/audit/", "/branch/contacts/", "/api/v1/contacts/"])
def test_the_ends_of_the_calendar_narrow_a_page_to_nothing_odd_and_are_refused_over_rest(web, api, staff, address):
    asker = staff("branch_manager")
    browser = api(asker) if "/api/" in address else web(asker)
    for query in ("at_after=0001-01-01", "at_before=0001-01-01", "at_after=9999-12-31", "at_before=9999-12-31"):
        assert browser.get(f"{address}?{query}").status_code == (400 if "/api/" in address else 200), query
