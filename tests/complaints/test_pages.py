"""The pages of complaints: what each role finds there, and the way of a complaint through the browser."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from complaints.models import Complaint
from complaints.services import register_complaint
from complaints.services.clocks import escalate_overdue
from crm.core.access import system_user
from crm.core.models import Attachment, AuditEntry
from tests.complaints.page_ground import send, step
from tests.factories.clients import ClientFactory
from tests.factories.complaints import ComplaintClockFactory, ComplaintEventFactory, ComplaintFactory

RECEIVED = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.time_machine(RECEIVED + timedelta(hours=1))]


@pytest.fixture
def people(staff):
    return {role: staff(role) for role in ("branch_manager", "front_desk", "compliance", "advisor", "administrator")}


@pytest.fixture
def complaint(branch, people):
    client = ClientFactory(branch=branch, name="张三丰", phone="13812348000", advisor=people["advisor"])
    return register_complaint(
        actor=people["front_desk"],
        branch=branch,
        client=client,
        now=RECEIVED,
        received_at=RECEIVED,
        channel="phone",
        subject="commission",
        description="佣金高于约定",
    )


def test_somebody_who_is_no_client_is_masked_and_shown_only_with_a_reason(people, web):
    desk = web(people["front_desk"])
    url = f"{reverse('complaints:register')}?stranger=1"
    send(
        desk,
        url,
        complainant_name="欧阳女士",
        complainant_phone="13611112222",
        branch=people["front_desk"].branch.public_id,
        channel="phone",
        received_at="2026-06-01T10:00",
        subject="other",
        description="宣传短信扰民",
        level="ordinary",
    )
    complaint = Complaint.objects.get()

    page = desk.get(complaint.get_absolute_url()).content.decode()
    listed = desk.get(reverse("complaints:list")).content.decode()

    assert "13611112222" not in page + listed
    assert "欧阳女士" not in page + listed
    reveal = reverse("complaints:reveal", args=[complaint.public_id, "complainant_phone"])
    assert desk.post(reveal, {"reason": ""}).status_code == 400
    shown = desk.post(reveal, {"reason": "回电核实"}).content.decode()
    assert "13611112222" in shown
    assert "1 of 120 today" in shown
    assert web(people["advisor"]).post(reveal, {"reason": "回电核实"}).status_code == 403


def test_the_list_masks_names_and_shows_both_clocks(complaint, people, web):
    page = web(people["front_desk"]).get(reverse("complaints:list")).content.decode()

    assert "张三丰" not in page
    assert "张" in page
    assert "First contact" in page
    assert "Decision on acceptance" in page


def test_the_board_has_a_column_for_each_state_of_the_work(complaint, people, web):
    complaint.clocks.update(due_on=date(2099, 1, 2))

    answer = web(people["front_desk"]).get(reverse("complaints:list"), {"view": "board"})

    counts = {str(column["state"]): column["count"] for column in answer.context["columns"]}
    assert counts == {"registered": 1, "investigating": 0, "approving": 0, "replying": 0, "replied": 0}
    assert "then the manager is told that nobody has called" in answer.content.decode()


def test_each_column_of_the_board_shows_its_most_pressing_first_and_says_how_many_more_there_are(
    branch, people, web, monkeypatch
):
    monkeypatch.setattr("complaints.views.lists._CARDS", 2)
    days = {"R": (9, 3, 6), "I": (4, 1)}
    made = {}
    for state, ends in days.items():
        for day in ends:
            one = ComplaintFactory(client=ClientFactory(branch=branch), handler=people["front_desk"])
            Complaint.objects.filter(pk=one.pk).update(state="registered" if state == "R" else "investigating")
            ComplaintClockFactory(complaint=one, due_on=date(2099, 1, day))
            made[f"{state}{day}"] = one.pk

    answer = web(people["front_desk"]).get(reverse("complaints:list"), {"view": "board"})

    columns = {str(column["state"]): column for column in answer.context["columns"]}
    shown = {state: [card.pk for card in column["cards"]] for state, column in columns.items() if column["cards"]}
    assert shown == {"registered": [made["R3"], made["R6"]], "investigating": [made["I1"], made["I4"]]}
    assert (columns["registered"]["more"], columns["investigating"]["more"]) == (1, 0)


def test_the_dossier_tells_what_each_step_put_on_record(complaint, people, web):
    ComplaintEventFactory(complaint=complaint, action="accept", facts={"handler": people["front_desk"].public_id})
    ComplaintEventFactory(complaint=complaint, action="ask_extension", facts={"extension_days": 20}, note="recordings")
    ComplaintEventFactory(
        complaint=complaint,
        action="propose",
        facts={"outcome": "compensated", "compensation": "120.5", "is_reasonable": "True"},
    )
    ComplaintEventFactory(complaint=complaint, action="overdue", facts={"clock": "internal", "due_on": "2026-06-03"})

    page = " ".join(web(people["front_desk"]).get(complaint.get_absolute_url()).content.decode().split())

    assert f"Handled by: {people['front_desk'].name}" in page
    assert "Days: 20<br>recordings" in page
    assert "Outcome: Compensated · Compensation (yuan): 120.50 · Is the complaint justified? Yes" in page
    assert "Internal limit: was due on 2026-06-03." in page


def test_a_clock_that_ran_out_says_what_has_happened_since(complaint, people, web):
    complaint.clocks.update(due_on=date(2020, 1, 2))
    desk, board = web(people["front_desk"]), f"{reverse('complaints:list')}?view=board"

    before = desk.get(board).content.decode()
    escalate_overdue(actor=system_user(), now=RECEIVED)
    after = desk.get(board).content.decode()

    assert "nobody has called in time" in before
    assert "the manager was told" not in before and "then the manager is told" not in before
    assert "on 2026-06-01 the manager was told that nobody had called" in after


def test_the_dossier_says_what_comes_next_and_by_when(complaint, people, web):
    complaint.clocks.filter(kind="first_contact").update(due_on=date(2026, 6, 2))
    complaint.clocks.filter(kind="accept").update(due_on=date(2026, 6, 6))
    complaint.clocks.filter(kind="internal").update(due_on=date(2026, 6, 15))
    manager = web(people["branch_manager"])
    url = complaint.get_absolute_url()

    first = manager.get(url).context["ahead"]
    send(manager, step(complaint, "contact"), note="已书面联系")
    send(manager, step(complaint, "accept"), handler=people["front_desk"].public_id)
    page = manager.get(url)
    Complaint.objects.filter(pk=complaint.pk).update(state="withdrawn", closed_at=RECEIVED)

    assert [(one["label"], one["due"]) for one in first] == [
        ("Note first contact", date(2026, 6, 2)),
        ("Accept", date(2026, 6, 6)),
    ]
    assert [(one["label"], one["due"]) for one in page.context["ahead"]] == [("Propose an opinion", date(2026, 6, 15))]
    assert "by 2026-06-15" in page.content.decode()
    assert manager.get(url).context["ahead"] == []


def test_the_dossier_says_yes_and_no_in_the_readers_language(complaint, people, web):
    Complaint.objects.filter(pk=complaint.pk).update(is_reasonable=False, is_satisfied=True)
    reader = people["front_desk"]
    reader.language = "zh-hans"
    reader.save()

    page = web(reader).get(complaint.get_absolute_url()).content.decode()

    assert "<dd>否</dd>" in page
    assert "<dd>是</dd>" in page


def test_htmx_gets_the_fragment_alone(complaint, people, web):
    answer = web(people["front_desk"]).get(reverse("complaints:list"), headers={"hx-request": "true"})

    assert complaint.number in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_an_advisor_sees_complaints_of_his_book_and_no_others(complaint, staff, web, people):
    colleague = staff("advisor")

    assert web(people["advisor"]).get(complaint.get_absolute_url()).status_code == 200
    assert web(colleague).get(complaint.get_absolute_url()).status_code == 404
    assert web(people["administrator"]).get(complaint.get_absolute_url()).status_code == 403


def test_who_is_complained_of_finds_nothing_on_any_page(complaint, people, web):
    Complaint.objects.update(complained_of=people["advisor"])
    browser = web(people["advisor"])

    for name in ("detail", "print"):
        assert browser.get(reverse(f"complaints:{name}", args=[complaint.public_id])).status_code == 404
    for query in ({}, {"view": "board"}, {"q": complaint.number}):
        assert complaint.public_id not in browser.get(reverse("complaints:list"), query).content.decode()


def test_whoever_recuses_himself_by_a_step_goes_back_to_the_list(complaint, people, web):
    manager = people["branch_manager"]
    browser = web(manager)

    answer = send(browser, step(complaint, "name_person"), complained_of=manager.public_id)

    assert answer["Location"] == reverse("complaints:list")
    assert web(manager).get(complaint.get_absolute_url()).status_code == 404


def test_a_step_without_its_right_is_403_and_from_elsewhere_404(complaint, people, web, staff, other_branch):
    assert web(people["front_desk"]).get(step(complaint, "approve")).status_code == 403
    assert web(people["advisor"]).get(step(complaint, "note")).status_code == 403
    assert web(staff("branch_manager", branch=other_branch)).get(step(complaint, "note")).status_code == 404
    assert web(people["front_desk"]).get(step(complaint, "nothing")).status_code == 404


def test_a_stale_page_is_refused_and_keeps_what_was_typed(complaint, people, web):
    browser, url = web(people["front_desk"]), step(complaint, "note")
    form = browser.get(url).context["form"]
    old = {name: form[name].value() for name in ("form_token", "version")}
    send(browser, url, note="别人先写")

    answer = browser.post(url, {**old, "note": "我后写的话"})

    assert answer.status_code == 412
    assert "我后写的话" in answer.content.decode()
    assert "The complaint has changed" in answer.content.decode()
    assert complaint.events.filter(action="note").count() == 1


def test_a_step_sent_twice_is_taken_once(complaint, people, web):
    browser, url = web(people["front_desk"]), step(complaint, "note")
    form = browser.get(url).context["form"]
    said = {"form_token": form["form_token"].value(), "version": form["version"].value(), "note": "一次"}

    answers = [browser.post(url, said).status_code for _time in range(2)]

    assert answers == [302, 302]
    assert complaint.events.filter(action="note").count() == 1


def test_a_missing_fact_is_said_beside_its_field(complaint, people, web):
    answer = send(web(people["branch_manager"]), step(complaint, "accept"))

    assert answer.status_code == 400
    assert "handler" in answer.context["form"].errors


def test_evidence_is_kept_and_opens_only_for_those_who_see_the_complaint(complaint, people, web, staff, other_branch):
    upload = SimpleUploadedFile("录音说明.txt", "通话记录".encode())
    url = reverse("complaints:evidence", args=[complaint.public_id])

    web(people["front_desk"]).post(url, {"file": upload})

    stored = Attachment.objects.get()
    link = reverse("core:attachment", args=[stored.public_id])
    assert stored.name in web(people["front_desk"]).get(complaint.get_absolute_url()).content.decode()
    assert web(people["front_desk"]).get(link).status_code == 200
    assert web(staff("front_desk", branch=other_branch)).get(link).status_code == 404
    Complaint.objects.update(complained_of=people["advisor"])
    assert web(people["advisor"]).get(link).status_code == 404
    assert web(people["administrator"]).get(link).status_code == 404


def test_a_file_that_is_not_what_its_name_says_is_refused(complaint, people, web):
    upload = SimpleUploadedFile("合同.pdf", b"MZ not a pdf")

    web(people["front_desk"]).post(reverse("complaints:evidence", args=[complaint.public_id]), {"file": upload})

    assert not Attachment.objects.exists()


def test_a_sheet_of_paper_leads_back_to_where_it_belongs(complaint, people, web):
    """On a phone that runs the product as an app there is no other way back."""
    browser, client = web(people["branch_manager"]), complaint.client
    for url, home in (
        (reverse("complaints:print", args=[complaint.public_id]), complaint.get_absolute_url()),
        (reverse("tiers:statement", args=[client.public_id]), client.get_absolute_url()),
        (reverse("tiers:criteria"), reverse("tiers:commission")),
    ):
        assert f'<a class="btn" href="{home}">' in browser.get(url).content.decode()


def test_the_printed_dossier_is_masked_and_on_record(complaint, people, web):
    page = web(people["branch_manager"]).get(reverse("complaints:print", args=[complaint.public_id])).content.decode()

    assert "张三丰" not in page
    assert people["branch_manager"].staff_number in page
    assert AuditEntry.objects.filter(
        action="complaint.print", client_ref=complaint.client.public_id, is_read=True
    ).exists()


def test_three_of_one_subject_within_thirty_days_raise_the_alarm(branch, people, web):
    now = datetime.now(UTC)
    for _number in range(2):
        ComplaintFactory(client=ClientFactory(branch=branch), subject="privacy", received_at=now)
    browser, url = web(people["branch_manager"]), reverse("complaints:list")
    assert not browser.get(url).context["alarms"]

    ComplaintFactory(client=ClientFactory(branch=branch), subject="privacy", received_at=now)

    assert [alarm["count"] for alarm in browser.get(url).context["alarms"]] == [3]


@pytest.mark.parametrize("view", ["", "board"])
def test_the_list_costs_the_same_for_one_complaint_and_for_ten(view, branch, people, web, cost_of, complaint):
    browser, url = web(people["branch_manager"]), reverse("complaints:list")
    browser.get(url)
    one = cost_of(lambda: browser.get(url, {"view": view}))
    for _number in range(9):
        ComplaintFactory(client=ClientFactory(branch=branch), handler=people["front_desk"])

    assert cost_of(lambda: browser.get(url, {"view": view})) == one


def test_a_dossier_with_the_last_day_of_the_calendar_on_file_still_opens(complaint, people, web):
    complaint.clocks.filter(kind="close").update(due_on=date.max)

    answer = web(people["front_desk"]).get(complaint.get_absolute_url())

    assert answer.status_code == 200
