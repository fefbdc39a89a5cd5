"""What was said, its correction, and what follows for the client."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.days import next_contact_days
from clients.errors import AlreadyCorrected, ContactInFuture
from clients.models import Client, ContactLog
from clients.services import correct_contact, log_contact
from clients.services.contacts import refresh_contact_facts
from crm.core.clocks import Calendar, local_date
from crm.core.errors import InvalidInput
from crm.core.models import AuditEntry, Branch, User
from tests.doors import Staff, Web
from tests.factories.clients import ClientFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


@pytest.fixture
def client_(branch: Branch) -> Client:
    return ClientFactory(branch=branch)


def facts(client: Client) -> tuple[datetime | None, date | None]:
    client.refresh_from_db()
    return client.last_contact_at, client.next_contact_on


def test_a_contact_moves_the_clients_last_contact_and_next_date(client_: Client, staff: Staff) -> None:
    log_contact(
        client=client_, channel="phone", content="问候", next_on=date(2026, 6, 8), actor=staff("advisor"), now=NOW
    )

    assert facts(client_) == (NOW, date(2026, 6, 8))
    assert AuditEntry.objects.filter(action="contact.log", client_ref=client_.public_id).count() == 1


def test_a_phones_clock_is_kept_as_a_claim_beside_our_time(client_: Client, staff: Staff) -> None:
    claimed = NOW - timedelta(hours=3)

    entry = log_contact(
        client=client_, channel="visit", content="面谈", device_at=claimed, actor=staff("advisor"), now=NOW
    )

    assert (entry.at, entry.device_at) == (NOW, claimed)


def test_a_call_nobody_answered_is_no_contact(client_: Client, staff: Staff) -> None:
    log_contact(
        client=client_,
        channel="phone",
        content="无人接听",
        details={"outcome": "no_answer"},
        next_on=date(2026, 6, 2),
        actor=staff("advisor"),
        now=NOW,
    )

    assert facts(client_) == (None, date(2026, 6, 2))


def test_a_promise_stands_until_a_contact_on_or_after_its_day(client_: Client, staff: Staff) -> None:
    advisor = staff("advisor")
    log_contact(client=client_, channel="phone", content="一", next_on=date(2026, 6, 8), actor=advisor, now=NOW)

    log_contact(client=client_, channel="wechat", content="二", actor=advisor, now=NOW + timedelta(days=1))
    assert facts(client_)[1] == date(2026, 6, 8)

    log_contact(client=client_, channel="phone", content="三", actor=advisor, now=NOW + timedelta(days=7))
    assert facts(client_)[1] is None


@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_facts_told_by_the_newest_contact_alone_are_those_of_all_of_them(
    client_: Client, staff: Staff, data: st.DataObject
) -> None:
    advisor, start = staff("advisor"), NOW - timedelta(days=30)
    with transaction.atomic():
        for _number in range(data.draw(st.integers(1, 6))):
            now = start + timedelta(hours=data.draw(st.integers(0, 700)))
            named = data.draw(st.one_of(st.none(), st.integers(0, 9)))
            log_contact(
                client=client_,
                channel="phone",
                content="电话",
                actor=advisor,
                now=now,
                at=now - timedelta(hours=data.draw(st.integers(0, 200))),
                next_on=None if named is None else local_date(now) + timedelta(days=named),
                details={"outcome": data.draw(st.sampled_from(["reached", "no_answer"]))},
            )
            told = Client.objects.values_list("last_contact_at", "next_contact_on").get(pk=client_.pk)
            refresh_contact_facts([client_.pk], now)
            assert Client.objects.values_list("last_contact_at", "next_contact_on").get(pk=client_.pk) == told
        transaction.set_rollback(True)


def test_a_contact_in_the_future_is_refused(client_: Client, staff: Staff) -> None:
    with pytest.raises(ContactInFuture):
        log_contact(
            client=client_, channel="phone", content="?", at=NOW + timedelta(hours=1), actor=staff("advisor"), now=NOW
        )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("at", datetime(1900, 1, 1, tzinfo=UTC)),
        ("at", datetime(1, 1, 1, tzinfo=UTC)),
        ("next_on", date(2027, 6, 3)),
        ("next_on", date.max),
    ],
)
def test_a_contact_from_before_the_exchanges_or_promised_beyond_a_year_is_refused_new_and_corrected(
    client_: Client, staff: Staff, name: str, value: Any
) -> None:
    advisor = staff("advisor")
    entry = log_contact(client=client_, channel="phone", content="一", actor=advisor, now=NOW)

    with pytest.raises(InvalidInput) as new:
        log_contact(client=client_, channel="phone", content="二", actor=advisor, now=NOW, **{name: value})
    with pytest.raises(InvalidInput) as corrected:
        correct_contact(contact=entry, values={name: value}, reason="笔误", actor=advisor, now=NOW)

    assert (list(new.value.fields), list(corrected.value.fields)) == ([name], [name])


def test_a_next_date_in_the_past_is_refused(client_: Client, staff: Staff) -> None:
    with pytest.raises(InvalidInput):
        log_contact(
            client=client_, channel="phone", content="?", next_on=date(2026, 5, 31), actor=staff("advisor"), now=NOW
        )


def test_a_correction_keeps_the_first_wording_and_moves_the_facts(client_: Client, staff: Staff) -> None:
    advisor = staff("advisor")
    first = log_contact(
        client=client_, channel="phone", content="说错了", next_on=date(2026, 6, 8), actor=advisor, now=NOW
    )

    second = correct_contact(
        contact=first,
        values={"content": "更正", "next_on": None, "at": NOW - timedelta(days=1)},
        reason="记错客户",
        actor=advisor,
        now=NOW,
    )

    first.refresh_from_db()
    assert first.content == "说错了"
    assert list(ContactLog.objects.standing()) == [second]
    assert facts(client_) == (NOW - timedelta(days=1), None)


def test_a_contact_is_corrected_once(client_: Client, staff: Staff) -> None:
    advisor = staff("advisor")
    first = log_contact(client=client_, channel="phone", content="一", actor=advisor, now=NOW)
    correct_contact(contact=first, values={"content": "二"}, reason="错字", actor=advisor, now=NOW)

    with pytest.raises(AlreadyCorrected):
        correct_contact(contact=first, values={"content": "三"}, reason="错字", actor=advisor, now=NOW)


def test_a_correction_needs_a_reason(client_: Client, staff: Staff) -> None:
    advisor = staff("advisor")
    first = log_contact(client=client_, channel="phone", content="一", actor=advisor, now=NOW)

    with pytest.raises(InvalidInput):
        correct_contact(contact=first, values={"content": "二"}, reason=" ", actor=advisor, now=NOW)


# -- a call that nobody answered ---------------------------------------------------------------------------------------


def test_a_call_that_nobody_answered_needs_no_words(client_: Client, staff: Staff) -> None:
    entry = log_contact(
        client=client_, channel="phone", content="", details={"outcome": "no_answer"}, actor=staff("advisor"), now=NOW
    )

    assert (entry.outcome, entry.content) == ("no_answer", "")


def test_whoever_was_reached_said_something(client_: Client, staff: Staff) -> None:
    with pytest.raises(InvalidInput) as refused:
        log_contact(client=client_, channel="phone", content="  ", actor=staff("advisor"), now=NOW)

    assert "content" in refused.value.fields
    assert not ContactLog.objects.exists()


def test_one_press_logs_that_nobody_answered(client_: Client, staff: Staff, web: Callable[[User], Any]) -> None:
    page = web(staff("branch_manager"))
    said = {"channel": "phone", "content": "", "next_on": "", "form_token": "unanswered", "no_answer": "1"}

    answer = page.post(f"/clients/{client_.public_id}/contacts/", said, headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert ContactLog.objects.get().outcome == "no_answer"


def test_without_that_press_the_words_are_asked_for(client_: Client, staff: Staff, web: Callable[[User], Any]) -> None:
    page = web(staff("branch_manager"))
    said = {"channel": "phone", "content": "", "next_on": "", "form_token": "forgotten"}

    answer = page.post(f"/clients/{client_.public_id}/contacts/", said, headers={"HX-Request": "true"})

    assert answer.status_code == 400
    assert not ContactLog.objects.exists()


def test_a_phone_tells_of_a_call_that_nobody_answered_without_words(
    client_: Client, staff: Staff, api: Callable[[User], Any]
) -> None:
    own = api(staff("branch_manager"))
    said = {"client": client_.public_id, "channel": "phone"}

    without = own.post("/api/v1/contacts/", said, format="json", headers={"Idempotency-Key": "k1"})
    unanswered = own.post(
        "/api/v1/contacts/", {**said, "outcome": "no_answer"}, format="json", headers={"Idempotency-Key": "k2"}
    )

    assert (without.status_code, list(without.json()["fields"])) == (400, ["content"])
    assert (unanswered.status_code, unanswered.json()["content"]) == (201, "")


# -- the next date -----------------------------------------------------------------------------------------------------


#: The first week of October is a holiday, and the Saturday after it a working day.
_OCTOBER = Calendar([(date(2026, 10, day), day in (8, 9, 10), day in (8, 9)) for day in range(1, 12)])


@pytest.mark.parametrize(
    ("today", "offered"),
    [
        (date(2026, 11, 26), [date(2026, 11, 27), date(2026, 11, 30), date(2026, 12, 3), date(2026, 12, 28)]),
        (date(2026, 11, 27), [date(2026, 11, 30), date(2026, 11, 30), date(2026, 12, 4), date(2026, 12, 28)]),
        (date(2026, 9, 30), [date(2026, 10, 8), date(2026, 10, 8), date(2026, 10, 8), date(2026, 10, 30)]),
        (date(2026, 10, 9), [date(2026, 10, 10), date(2026, 10, 12), date(2026, 10, 16), date(2026, 11, 9)]),
    ],
)
def test_the_next_dates_that_are_offered_are_working_days(today: date, offered: list[date]) -> None:
    assert next_contact_days(today, _OCTOBER) == offered


@pytest.mark.time_machine(datetime(2026, 9, 30, 2, 0, tzinfo=UTC))
def test_the_form_of_a_contact_offers_no_day_of_a_holiday_on_file(branch: Branch, staff: Staff, web: Web) -> None:
    advisor = staff("advisor")

    page = web(advisor).get(ClientFactory(branch=branch, advisor=advisor).get_absolute_url()).content.decode()

    assert 'value="2026-10-08"' in page and 'value="2026-10-01"' not in page
