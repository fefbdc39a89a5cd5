"""Complaints, surveys, agreements and papers of a client on tabs of his page: who sees what, and at what cost."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from clients.models import Client, DocumentReminder, IdentityDocument
from crm.core import attachments
from crm.core.models import AuditEntry, Branch, User
from crm.overview.tabs.documents import OWNER_PAGES
from tests.doors import Staff, Web
from tests.factories.advisory import AgreementFactory
from tests.factories.care import NOW, SurveyInvitationFactory, answered
from tests.factories.clients import (
    ClientFactory,
    ContactLogFactory,
    IdentityDocumentFactory,
    InvestorClassificationFactory,
)
from tests.factories.complaints import ComplaintClockFactory, ComplaintFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true", "Accept-Language": "en"}


@pytest.fixture(autouse=True)
def folder_of_files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def tab(browser: Any, client: Client, key: str) -> str:
    answer = browser.get(f"/clients/{client.public_id}/?tab={key}", headers=HTMX)
    assert answer.status_code == 200
    return str(answer.content.decode())


def opens(browser: Any, client: Client, key: str) -> bool:
    """Whether the tab is among those of the page; an address that names it by hand shows the overview."""
    page = browser.get(f"/clients/{client.public_id}/?tab={key}")
    listed = any(one["url"] == f"?tab={key}" for one in page.context["tabs"])
    assert (page.context["tab"] == key) is listed
    return listed


def attach(owner: Any, actor: User, name: str) -> Any:
    return attachments.store(SimpleUploadedFile(name, b"words"), owner=owner, actor=actor)


@pytest.mark.parametrize(
    ("key", "roles"),
    [
        ("complaints", {"branch_manager", "advisor", "front_desk", "follow_up_caller", "auditor", "agent"}),
        ("surveys", {"branch_manager", "front_desk", "follow_up_caller", "auditor"}),
        ("advice", {"branch_manager", "advisor", "auditor"}),
        ("documents", {"branch_manager", "advisor", "front_desk", "follow_up_caller", "auditor"}),
    ],
)
def test_a_tab_is_there_for_those_who_hold_its_right(
    branch: Branch, staff: Staff, web: Web, key: str, roles: set[str]
) -> None:
    found = set()
    for role in ("branch_manager", "advisor", "front_desk", "follow_up_caller", "auditor", "agent"):
        user = staff(role)
        client = ClientFactory(branch=branch, advisor=user, introducer=user)
        if opens(web(user), client, key):
            found.add(role)

    assert found == roles


# -- complaints --------------------------------------------------------------------------------------------------------


def test_complaints_stand_with_state_clocks_and_handler_and_the_way_to_take_one_down(
    branch: Branch, staff: Staff, web: Web
) -> None:
    desk = staff("front_desk", name="柜台小李")
    client = ClientFactory(branch=branch)
    running = ComplaintFactory(client=client, handler=desk)
    ComplaintClockFactory(complaint=running, due_on=timezone.localdate() + timedelta(days=30))
    closed = ComplaintFactory(client=client, closed=True)
    of_another = ComplaintFactory(client=ClientFactory(branch=branch))
    take_down = f"/complaints/new/?client={client.public_id}"

    text = tab(web(desk), client, "complaints")

    assert running.get_absolute_url() in text and closed.get_absolute_url() in text
    assert of_another.number not in text
    assert "柜台小李" in text and "30 days" in text
    assert take_down in text
    assert take_down not in tab(web(staff("auditor")), client, "complaints")


def test_who_is_complained_of_learns_of_it_on_no_tab(branch: Branch, staff: Staff, web: Web) -> None:
    """Neither the complaint, nor the survey after it, nor its evidence; his colleague sees all three."""
    manager = staff("branch_manager")
    client = ClientFactory(branch=branch, advisor=manager)
    complaint = ComplaintFactory(client=client, complained_of=manager, closed=True)
    answered(branch, 1, 0, "再也不来了", client=client, complaint=complaint)
    attach(complaint, staff("compliance"), "evidence.txt")
    traces = (complaint.number, complaint.public_id, "再也不来了", "evidence.txt")

    def seen(user: User) -> set[str]:
        texts = "".join(tab(web(user), client, key) for key in ("complaints", "surveys", "documents", ""))
        return {trace for trace in traces if trace in texts}

    assert seen(manager) == set()
    assert seen(staff("compliance")) == set(traces)
    subordinate = staff("follow_up_caller", manager=manager)
    assert seen(subordinate) == set()


# -- surveys -----------------------------------------------------------------------------------------------------------


def test_surveys_stand_with_both_marks_comment_and_occasion_and_a_link_while_one_is_open(
    branch: Branch, staff: Staff, web: Web
) -> None:
    client = ClientFactory(branch=branch)
    complaint = ComplaintFactory(client=client, closed=True)
    answered(branch, 4, 9, "处理很快", client=client, complaint=complaint)
    still = timezone.now() + timedelta(days=3)
    waiting = SurveyInvitationFactory(branch=branch, client=client, expires_at=still)
    over = SurveyInvitationFactory(branch=branch, client=client, expires_at=NOW)

    text = tab(web(staff("front_desk")), client, "surveys")

    assert "4 / 5" in text and "9 / 10" in text and "处理很快" in text
    assert complaint.get_absolute_url() in text
    assert reverse("care:survey_link", args=[waiting.public_id]) in text
    assert reverse("care:survey_link", args=[over.public_id]) not in text
    assert reverse("care:survey_link", args=[waiting.public_id]) not in tab(web(staff("auditor")), client, "surveys")


# -- agreements --------------------------------------------------------------------------------------------------------


def test_agreements_in_force_and_ended_stand_with_their_days(branch: Branch, staff: Staff, web: Web) -> None:
    advisor = staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor)
    ended = AgreementFactory(client=client, ended_on=date(2026, 6, 9), end_reason="客户要求")
    held = AgreementFactory(client=client, signed_on=date(2026, 7, 1), cancel_until=date(2026, 7, 8))

    text = tab(web(advisor), client, "advice")

    assert ended.number in text and "Ended 2026-06-09" in text and "客户要求" in text
    assert held.number in text and "2026-07-01" in text and "In force" in text
    assert reverse("advisory:agreement_end", args=[held.public_id]) in text
    assert reverse("advisory:agreement_sign", args=[client.public_id]) in text
    assert reverse("advisory:agreement_end", args=[held.public_id]) not in tab(web(staff("auditor")), client, "advice")


# -- papers ------------------------------------------------------------------------------------------------------------


def test_papers_stand_with_validity_and_what_became_of_their_reminders(branch: Branch, staff: Staff, web: Web) -> None:
    manager, day = staff("branch_manager"), timezone.localdate()
    client = ClientFactory(branch=branch)
    paper: IdentityDocument = IdentityDocumentFactory(client=client, valid_until=day + timedelta(days=20))

    def remind(step: int, **settled: Any) -> DocumentReminder:
        terms = {"kind": paper.kind, "valid_until": paper.valid_until, "days_before": step, "due_on": day}
        made: DocumentReminder = DocumentReminder.objects.create(client=client, document=paper, **terms, **settled)
        return made

    remind(30, outcome="told", settled_by=manager, settled_at=timezone.now(), note="已电话告知")
    waiting = remind(15)

    text = tab(web(manager), client, "documents")

    assert paper.masked in text and f"{paper.valid_until:%Y-%m-%d}" in text
    assert "Client told" in text and "已电话告知" in text
    assert reverse("clients:document_reminder", args=[waiting.public_id]) in text
    assert paper.number not in text


def test_files_of_every_kind_stand_in_one_list_and_are_opened_through_the_guard(
    branch: Branch, staff: Staff, web: Web
) -> None:
    desk = staff("front_desk")
    client, other = ClientFactory(branch=branch), ClientFactory(branch=branch)
    owners = {
        "contact.txt": ContactLogFactory(client=client),
        "proof.txt": InvestorClassificationFactory(client=client),
        "evidence.txt": ComplaintFactory(client=client),
    }
    files = {name: attach(owner, desk, name) for name, owner in owners.items()}
    attach(ContactLogFactory(client=other), desk, "of-another.txt")
    browser = web(desk)

    text = tab(browser, client, "documents")

    for name, file in files.items():
        assert name in text
        assert owners[name].public_id in text
        assert browser.get(reverse("core:attachment", args=[file.public_id])).status_code == 200
    assert "of-another.txt" not in text
    assert AuditEntry.objects.filter(action="attachment.download").count() == len(files)


#: Rows with files that belong to no one client.
OF_NO_CLIENT = {"tiers.publication"}


def test_every_kind_of_row_that_has_files_has_its_place_in_the_list() -> None:
    of_clients = {label for label in attachments._guards if not label.startswith("core.")} - OF_NO_CLIENT
    assert of_clients == OWNER_PAGES.keys()


def test_a_long_list_of_files_goes_on_over_pages(branch: Branch, staff: Staff, web: Web) -> None:
    desk = staff("front_desk")
    client = ClientFactory(branch=branch)
    contact, complaint = ContactLogFactory(client=client), ComplaintFactory(client=client)
    for number in range(52):
        attach((contact, complaint)[number % 2], desk, f"file-{number}.txt")
    browser = web(desk)

    first = browser.get(f"/clients/{client.public_id}/?tab=documents")
    rest = browser.get(f"/clients/{client.public_id}/?tab=documents&cursor={first.context['page'].next}")

    names = [item["file"].name for page in (first, rest) for item in page.context["files"]]
    assert names == [f"file-{number}.txt" for number in reversed(range(52))]


@pytest.mark.parametrize("key", ["complaints", "surveys", "advice", "documents"])
def test_a_tab_costs_the_same_for_one_row_and_for_ten(
    branch: Branch, staff: Staff, web: Web, cost_of: Any, key: str
) -> None:
    manager = staff("branch_manager")
    client, browser = ClientFactory(branch=branch), web(manager)

    def more() -> None:
        handler = staff("front_desk")
        complaint = ComplaintFactory(client=client, handler=handler)
        ComplaintClockFactory(complaint=complaint)
        attach(complaint, handler, "a.txt")
        attach(ContactLogFactory(client=client), handler, "b.txt")
        answered(branch, 5, 10, client=client, complaint=complaint)
        AgreementFactory(client=client, ended_on=date(2026, 6, 9))
        IdentityDocumentFactory(client=client)

    more()
    tab(browser, client, key)
    one = cost_of(lambda: tab(browser, client, key))
    for _number in range(9):
        more()

    assert cost_of(lambda: tab(browser, client, key)) == one
    bare = cost_of(lambda: tab(browser, client, "history"))
    assert one <= bare + 9
