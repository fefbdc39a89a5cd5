"""Where each fact of a client comes from, as of when, and what was refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from clients import provenance
from clients.errors import NotRefusable
from clients.identity import check_digit
from clients.models import Client
from clients.services import change_client, confirm_facts, create_client
from crm.core.errors import InvalidInput
from crm.core.importing.mapping import from_tables
from crm.core.models import AuditEntry, Branch, User
from crm.core.services.importing import import_file, take_back
from tests.doors import Staff
from tests.factories.clients import ClientFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 1)
OTHER_NUMBER = "11010119900307707" + check_digit("11010119900307707")


def origin(client: Client, name: str) -> provenance.Origin:
    return provenance.origin(Client.objects.values_list("provenance", flat=True).get(pk=client.pk), name)


def test_what_a_new_client_says_comes_from_staff_as_of_today(branch: Branch, staff: Staff) -> None:
    client = create_client(
        branch=branch, external_id="900001", values={"name": "张三", "city": "上海"}, actor=staff("front_desk"), now=NOW
    )

    assert origin(client, "city") == provenance.Origin("staff", TODAY)


def test_a_changed_fact_is_as_of_the_day_said_and_the_others_stay(branch: Branch, staff: Staff) -> None:
    clerk = staff("front_desk")
    client = create_client(
        branch=branch,
        external_id="900001",
        values={"name": "张三", "city": "上海", "occupation": "教师"},
        actor=clerk,
        now=NOW,
    )

    change_client(
        client=client,
        values={"city": "北京", "occupation": "教师"},
        actor=clerk,
        now=NOW,
        source="client",
        as_of=date(2026, 5, 20),
    )

    assert origin(client, "city") == provenance.Origin("client", date(2026, 5, 20))
    assert origin(client, "occupation") == provenance.Origin("staff", TODAY)


def test_a_refused_fact_is_emptied_and_counts_as_answered(branch: Branch, staff: Staff) -> None:
    client = ClientFactory(branch=branch, annual_income=Decimal(200_000))

    change_client(
        client=client, values={}, refused={"annual_income": True}, source="client", actor=staff("advisor"), now=NOW
    )

    client.refresh_from_db()
    assert client.annual_income is None
    assert origin(client, "annual_income") == provenance.Origin("client", TODAY, refused=True)
    assert list(Client.objects.refusing("annual_income")) == [client]
    entry = AuditEntry.objects.get(action="client.change")
    assert (entry.after or {})["refused"] == {"annual_income": True}


def test_whoever_gives_a_fact_after_all_no_longer_refuses_it(branch: Branch, staff: Staff) -> None:
    client, advisor = ClientFactory(branch=branch), staff("advisor")
    change_client(client=client, values={}, refused={"debts": True}, actor=advisor, now=NOW)

    change_client(client=client, values={"debts": Decimal(0)}, actor=advisor, now=NOW)

    assert not origin(client, "debts").refused
    assert not Client.objects.refusing("debts").exists()


def test_a_refusal_is_taken_back_without_a_value(branch: Branch, staff: Staff) -> None:
    client, advisor = ClientFactory(branch=branch), staff("advisor")
    change_client(client=client, values={}, refused={"debts": True}, actor=advisor, now=NOW)

    change_client(client=client, values={}, refused={"debts": False}, actor=advisor, now=NOW)

    assert not Client.objects.refusing("debts").exists()


def test_a_form_that_leaves_a_refused_fact_empty_keeps_the_refusal(branch: Branch, staff: Staff) -> None:
    client, advisor = ClientFactory(branch=branch), staff("advisor")
    change_client(client=client, values={}, refused={"occupation": True}, actor=advisor, now=NOW)

    change_client(client=client, values={"occupation": "", "city": "上海"}, actor=advisor, now=NOW)

    assert origin(client, "occupation").refused


@pytest.mark.parametrize("fact", ["name", "id_number", "opened_on", "risk_grade"])
def test_what_the_branch_must_know_cannot_be_refused(branch: Branch, staff: Staff, fact: str) -> None:
    with pytest.raises(NotRefusable) as refusal:
        change_client(
            client=ClientFactory(branch=branch), values={}, refused={fact: True}, actor=staff("advisor"), now=NOW
        )

    assert set(refusal.value.fields) == {fact}


def test_a_fact_is_not_as_of_a_day_to_come(branch: Branch, staff: Staff) -> None:
    with pytest.raises(InvalidInput) as refusal:
        change_client(
            client=ClientFactory(branch=branch),
            values={"city": "上海"},
            as_of=date(2026, 6, 2),
            actor=staff("advisor"),
            now=NOW,
        )

    assert set(refusal.value.fields) == {"as_of"}


def test_confirmed_facts_are_fresh_with_the_same_value(branch: Branch, staff: Staff) -> None:
    client, advisor = ClientFactory(branch=branch, city="上海"), staff("advisor")
    change_client(client=client, values={}, refused={"debts": True}, actor=advisor, now=NOW)

    confirm_facts(client=client, names=["city", "debts"], actor=advisor, now=NOW, as_of=date(2026, 5, 30))

    client.refresh_from_db()
    assert client.city == "上海"
    assert origin(client, "city") == provenance.Origin("client", date(2026, 5, 30))
    assert origin(client, "debts") == provenance.Origin("client", date(2026, 5, 30), refused=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"id_is_long_term": True, "id_valid_until": date(2030, 1, 1)},
        {"quiet_from": "22:00"},
        {"debts": Decimal(-1)},
        {"stock_code": "600519", "is_listed": False},
    ],
)
def test_the_database_refuses_facts_that_contradict_themselves(branch: Branch, wrong: dict[str, Any]) -> None:
    client = ClientFactory(branch=branch)

    with pytest.raises(IntegrityError), transaction.atomic():
        Client.objects.filter(pk=client.pk).update(**wrong)


MAPPING = {
    "columns": {
        "external_id": "客户号",
        "name": "姓名",
        "city": "城市",
        "occupation": "职业",
        "annual_income": "年收入",
        "id_number": "证件号码",
        "id_valid_until": "证件有效期",
    }
}
HEAD = "客户号,姓名,城市,职业,年收入,证件号码,证件有效期\n"


def bring(branch: Branch, actor: User, *rows: str, day: date | None = None) -> Any:
    raw = (HEAD + "\n".join(rows) + "\n").encode()
    return import_file(
        actor=actor,
        kind="clients",
        branch=branch,
        file_name="a.csv",
        raw=raw,
        mapping=from_tables(MAPPING),
        **({"day": day} if day else {}),
    )


def test_a_file_says_where_its_facts_come_from(branch: Branch, staff: Staff) -> None:
    bring(branch, staff("front_desk"), "1,张三,上海,教师,300000,,2030-01-31")

    client = Client.objects.get(external_id="1")
    assert (client.annual_income, client.id_valid_until) == (Decimal(300_000), date(2030, 1, 31))
    assert origin(client, "annual_income").source == "import"
    assert set(client.provenance) == {provenance.ALL}


def test_only_the_facts_that_a_file_changes_become_its_own(branch: Branch, staff: Staff) -> None:
    desk = staff("front_desk")
    client = create_client(
        branch=branch,
        external_id="1",
        values={"name": "张三", "city": "上海", "occupation": "教师"},
        actor=desk,
        now=NOW,
        source="client",
    )
    change_client(client=client, values={}, refused={"annual_income": True}, actor=desk, now=NOW)

    bring(branch, desk, "1,张三,北京,教师,,,")
    again = bring(branch, desk, "1,张三,北京,教师,,,", "2,李四,,,,,")

    assert origin(client, "city").source == "import"
    assert origin(client, "occupation").source == "client"
    assert origin(client, "annual_income").refused
    assert (again.unchanged, again.created) == (1, 1)


def test_an_undone_file_gives_the_facts_their_former_source(branch: Branch, staff: Staff) -> None:
    desk = staff("front_desk")
    client = create_client(
        branch=branch, external_id="1", values={"name": "张三", "city": "上海"}, actor=desk, now=NOW, source="client"
    )
    batch = bring(branch, desk, "1,张三,北京,教师,1000,,", "2,李四,上海,,,,")

    take_back(batch, actor=desk)

    assert origin(client, "city") == provenance.Origin("client", TODAY)
    assert not Client.objects.filter(external_id="2").exists()


def test_another_number_leaves_the_validity_of_the_former_document_behind(branch: Branch, staff: Staff) -> None:
    desk = staff("front_desk")
    bring(branch, desk, "1,张三,,,,110101199003074514,2030-01-31", "2,李四,,,,110101199003074514,2031-01-31")
    first = Client.objects.get(external_id="1")

    change_client(client=first, values={"id_number": OTHER_NUMBER}, actor=desk, now=NOW)
    bring(branch, desk, f"2,李四,,,,{OTHER_NUMBER},")

    first.refresh_from_db()
    assert first.id_valid_until is None
    assert Client.objects.get(external_id="2").id_valid_until is None


def test_a_day_in_the_far_future_means_long_term(branch: Branch, staff: Staff) -> None:
    bring(branch, staff("front_desk"), "1,张三,,,,,2099-12-31")

    client = Client.objects.get(external_id="1")
    assert (client.id_is_long_term, client.id_valid_until) == (True, None)


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(provenance.REFUSABLE)), st.booleans(), st.dates()), min_size=1, max_size=12
    )
)
def test_the_last_word_about_a_fact_counts(words: list[tuple[str, bool, date]]) -> None:
    held: Any = provenance.for_all("import", TODAY)
    last: dict[str, tuple[bool, date]] = {}
    for name, refused, day in words:
        if refused:
            held = provenance.stamped(held, [], source="client", on=day, refused={name: True})
        else:
            held = provenance.stamped(held, [name], source="client", on=day)
        last[name] = (refused, day)

    assert provenance.refused_facts(held) == {name for name, (refused, _day) in last.items() if refused}
    assert all(provenance.origin(held, name).on == day for name, (_refused, day) in last.items())
    assert provenance.origin(held, "name") == provenance.Origin("import", TODAY)
