"""Every identity document of a client reminds ninety, thirty and no days before its last day, and ninety days after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone
from django.utils.translation import override

from clients.errors import ClientRestricted, ReminderSettled
from clients.models import Client, DocumentReminder
from clients.services import add_document, change_client, remind_documents, remove_row, settle_reminder
from clients.services.document_reminders import remind_all
from clients.services.standing import end_restriction, restrict_client
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput, StaleEdit
from crm.core.models import AuditEntry, Branch, Heartbeat, Policy, User
from crm.core.public_ids import new_public_id
from crm.workbench.queue import todays_items
from tests.doors import Staff
from tests.factories.clients import ClientFactory, IdentityDocumentFactory

LAST = date(2026, 9, 30)
ROOT = "/api/v1/document-reminders/"


def at(day: date) -> datetime:
    return datetime.combine(day, time(2), tzinfo=UTC)


def sweep(branch: Branch, day: date) -> int:
    return remind_documents(branch=branch, actor=system_user(), now=at(day))


def steps(**of: Any) -> list[tuple[int, str]]:
    rows = DocumentReminder.objects.filter(**of).order_by("-days_before")
    return list(rows.values_list("days_before", "outcome"))


@pytest.mark.parametrize(
    ("before", "step"),
    [(91, None), (90, 90), (31, 90), (30, 30), (1, 30), (0, 0), (-1, 0), (-89, 0), (-90, -90), (-400, -90)],
)
@pytest.mark.parametrize("kind", ["primary", "further"])
def test_on_each_day_a_document_stands_at_one_step(branch: Branch, kind: str, before: int, step: int | None) -> None:
    if kind == "primary":
        ClientFactory(branch=branch, id_valid_until=LAST)
    else:
        IdentityDocumentFactory(client__branch=branch, client__id_is_long_term=True, valid_until=LAST)

    made = sweep(branch, LAST - timedelta(days=before))

    assert steps() == ([] if step is None else [(step, "")])
    assert made == len(steps())
    if step is not None:
        assert DocumentReminder.objects.get().due_on == LAST - timedelta(days=step)


def test_each_step_reminds_once_and_an_unsettled_one_gives_way_to_the_next(branch: Branch) -> None:
    ClientFactory(branch=branch, id_valid_until=LAST)

    made = [sweep(branch, LAST - timedelta(days=n)) for n in (90, 90, 60, 30, 29, 0, -45, -90, -91)]

    assert made == [1, 0, 0, 1, 0, 1, 0, 1, 0]
    assert steps() == [(90, "lapsed"), (30, "lapsed"), (0, "lapsed"), (-90, "")]


def test_both_documents_of_a_client_remind_each_for_itself(branch: Branch) -> None:
    client = ClientFactory(branch=branch, id_valid_until=LAST, id_kind="id_card")
    IdentityDocumentFactory(client=client, valid_until=LAST, kind="passport")
    IdentityDocumentFactory(
        client=client, valid_until=LAST, kind="id_card", is_primary=True
    )  # the columns speak for it

    assert sweep(branch, LAST) == 2
    assert sorted(DocumentReminder.objects.values_list("kind", flat=True)) == ["id_card", "passport"]


def test_a_settled_step_stays_settled_and_the_next_one_comes(branch: Branch, staff: Staff) -> None:
    client, desk = ClientFactory(branch=branch, id_valid_until=LAST), staff("front_desk")
    sweep(branch, LAST - timedelta(days=90))

    settle_reminder(reminder=DocumentReminder.objects.get(), outcome="told", actor=desk, now=at(LAST))
    sweep(branch, LAST - timedelta(days=31))
    assert steps(client=client) == [(90, "told")]
    sweep(branch, LAST - timedelta(days=30))

    assert steps(client=client) == [(90, "told"), (30, "")]
    entry = AuditEntry.objects.get(action="document.settle_reminder")
    assert entry.client_ref == client.public_id and entry.actor == desk


def test_a_renewed_document_reminds_no_longer_and_a_date_set_back_does_again(branch: Branch, staff: Staff) -> None:
    client, desk = ClientFactory(branch=branch, id_valid_until=LAST), staff("front_desk")
    day = LAST - timedelta(days=20)
    sweep(branch, day)
    change_client(client=client, values={"id_valid_until": date(2036, 9, 30)}, actor=desk, now=at(day))

    assert not DocumentReminder.objects.standing().exists()  # at once, before the next round
    sweep(branch, day)
    assert steps() == [(30, "renewed")]
    change_client(client=client, values={"id_valid_until": LAST}, actor=desk, now=at(day))
    assert sweep(branch, day) == 1
    assert steps() == [(30, "")]


def test_a_document_taken_off_reminds_no_longer(branch: Branch, staff: Staff) -> None:
    client, desk = ClientFactory(branch=branch), staff("front_desk")
    row = add_document(
        client=client,
        values={"kind": "passport", "number": "E12345678", "valid_until": LAST},
        actor=desk,
        now=at(LAST - timedelta(days=400)),
    )
    sweep(branch, LAST)
    remove_row(row=row, actor=desk, now=at(LAST))

    assert not DocumentReminder.objects.standing().exists()
    sweep(branch, LAST)
    assert steps() == [(0, "renewed")]


@pytest.mark.parametrize("closed", [True, False])
def test_who_is_served_no_longer_or_restricted_does_not_remind(branch: Branch, staff: Staff, closed: bool) -> None:
    client = ClientFactory(branch=branch, id_valid_until=LAST, closed=closed)
    if closed:
        assert sweep(branch, LAST) == 0
        return
    sweep(branch, LAST)
    officer = staff("compliance")
    restrict_client(client=client, reason="删除请求", actor=officer, now=at(LAST))
    row = DocumentReminder.objects.get()

    with pytest.raises(ClientRestricted):
        settle_reminder(reminder=row, outcome="told", actor=officer, now=at(LAST))
    sweep(branch, LAST)
    assert steps() == [(0, "renewed")]
    end_restriction(client=client, reason="误操作撤销", actor=officer)
    sweep(branch, LAST)
    assert steps() == [(0, "")]


def test_the_steps_are_figures(branch: Branch) -> None:
    Policy.objects.filter(policy_key__key="id.expiry_reminders").update(value=[60, 0])
    Policy.objects.filter(policy_key__key="id.limit_after_days").update(value=30)
    ClientFactory(branch=branch, id_valid_until=LAST)

    for n in (61, 60, 0, -30):
        sweep(branch, LAST - timedelta(days=n))

    assert [days for days, _outcome in steps()] == [60, 0, -30]


def test_what_can_be_said_depends_on_the_step_and_is_said_once(branch: Branch, staff: Staff) -> None:
    ClientFactory(branch=branch, id_valid_until=LAST)
    desk = staff("front_desk")
    sweep(branch, LAST + timedelta(days=90))
    row = DocumentReminder.objects.get()
    terms = {"reminder": row, "actor": desk, "now": at(LAST)}

    with pytest.raises(InvalidInput):
        settle_reminder(outcome="told", **terms)
    with pytest.raises(InvalidInput):
        settle_reminder(outcome="excused", **terms)
    with pytest.raises(StaleEdit):
        settle_reminder(outcome="limited", version=9, **terms)
    settle_reminder(outcome="excused", note="境外就医，已延期", **terms)
    with pytest.raises(ReminderSettled):
        settle_reminder(outcome="limited", **terms)


def test_the_round_goes_over_every_branch_once_an_hour(branch: Branch) -> None:
    ClientFactory(branch=branch, id_valid_until=LAST)
    ClientFactory(id_valid_until=LAST)

    assert [remind_all(at(LAST)), remind_all(at(LAST) + timedelta(minutes=30))] == [2, 0]
    ClientFactory(branch=branch, id_valid_until=LAST)
    assert [remind_all(at(LAST) + timedelta(minutes=59)), remind_all(at(LAST) + timedelta(minutes=60))] == [0, 1]
    assert Heartbeat.objects.get(name="clients.documents").at == at(LAST) + timedelta(minutes=60)


def test_a_round_costs_the_same_for_one_client_and_for_twenty(branch: Branch, cost_of: Callable[..., int]) -> None:
    def costs(count: int) -> int:
        ClientFactory.create_batch(count, branch=branch, id_valid_until=LAST)
        return cost_of(lambda: sweep(branch, LAST))

    assert costs(1) == costs(20)


# -- my day, the list, REST --------------------------------------------------------------------------------------------


def test_my_day_shows_the_open_steps_to_the_advisor_and_the_front_desk(branch: Branch, staff: Staff) -> None:
    advisor = staff("advisor")
    client = ClientFactory(branch=branch, name="甲", advisor=advisor, id_valid_until=LAST, id_kind="id_card")
    IdentityDocumentFactory(client=client, valid_until=LAST + timedelta(days=30))
    ClientFactory(branch=branch, name="乙", id_valid_until=LAST - timedelta(days=90))
    sweep(branch, LAST)

    def reasons(user: User) -> list[tuple[str, str]]:
        with override("en"):
            return [(item.title, item.reason) for item in todays_items(user, LAST) if item.kind == "document"]

    own = [
        ("甲", "Resident identity card runs out today: tell the client"),
        ("甲", "Passport runs out: tell the client"),
    ]
    assert reasons(advisor) == own
    assert reasons(staff("front_desk")) == [("乙", reasons(staff("front_desk"))[0][1]), *own]
    assert "services are to be limited" in reasons(staff("front_desk"))[0][1]
    assert reasons(staff("account_manager")) == []
    settle_reminder(
        reminder=DocumentReminder.objects.get(kind="id_card", client=client),
        outcome="told",
        actor=advisor,
        now=at(LAST),
    )
    assert reasons(advisor) == own[1:]


def test_a_reminder_is_settled_in_the_browser_and_stands_on_the_list(branch: Branch, staff: Staff, web: Any) -> None:
    today = local_date(timezone.now())
    client = ClientFactory(branch=branch, id_valid_until=today)
    remind_documents(branch=branch, actor=system_user(), now=timezone.now())
    row, browser = DocumentReminder.objects.get(), web(staff("front_desk"))
    url = f"/clients/documents/{row.public_id}/"

    assert url in browser.get("/clients/documents/").content.decode()
    page = browser.get(url)
    done = browser.post(url, {"form_token": new_public_id(), "version": 1, "outcome": "told"})

    assert client.name in page.content.decode() and done.status_code == 302
    listed = browser.get("/clients/documents/").content.decode()
    assert url not in listed and "Client told" in listed
    again = browser.post(url, {"form_token": new_public_id(), "version": 2, "outcome": "told"})
    assert again.status_code == 409
    assert web(staff("auditor")).get(url).status_code == 403


def test_reminders_over_rest_keep_the_same_rules(branch: Branch, staff: Staff, api: Any) -> None:
    today = local_date(timezone.now())
    for n in (10, -100):
        ClientFactory(branch=branch, id_valid_until=today + timedelta(days=n))
    foreign = ClientFactory(id_valid_until=today)
    for one in (branch, foreign.branch):
        remind_documents(branch=one, actor=system_user(), now=timezone.now())
    phone = api(staff("front_desk"))

    every, limit = phone.get(ROOT).data["results"], phone.get(ROOT, {"state": "limit"}).data["results"]
    assert [row["days_before"] for row in every] == [-90, 30]
    assert [row["id"] for row in limit] == [every[0]["id"]]
    said, headers = {"outcome": "limited"}, {"Idempotency-Key": "k1", "If-Match": '"1"'}
    url = f"{ROOT}{every[0]['id']}/settle/"
    assert phone.post(url, said, format="json", headers={"Idempotency-Key": "k2"}).status_code == 428
    made = phone.post(url, said, format="json", headers=headers)
    again = phone.post(url, said, format="json", headers=headers)
    assert (made.status_code, again.status_code, made.data["outcome"]) == (201, 200, "limited")
    other = DocumentReminder.objects.get(client=foreign)
    stranger = phone.post(
        f"{ROOT}{other.public_id}/settle/", said, format="json", headers={**headers, "Idempotency-Key": "k3"}
    )
    assert stranger.status_code == 404


def test_who_was_merged_brings_the_reminders_of_his_documents_along(branch: Branch, staff: Staff) -> None:
    staying, leaving = ClientFactory(branch=branch, id_valid_until=LAST), ClientFactory(branch=branch)
    document = IdentityDocumentFactory(client=leaving, valid_until=LAST)
    sweep(branch, LAST)
    from clients.services import approve_merge, ask_merge

    record = ask_merge(staying=staying, leaving=leaving, actor=staff("front_desk"), now=at(LAST), reason="同一人")
    if record.state == "proposed":
        approve_merge(record=record, actor=staff("branch_manager"), now=at(LAST))

    assert Client.objects.get(pk=leaving.pk).merged_into_id == staying.pk
    assert set(DocumentReminder.objects.standing().values_list("client_id", "document_id")) == {
        (staying.pk, None),
        (staying.pk, document.pk),
    }
    assert sweep(branch, LAST) == 0
