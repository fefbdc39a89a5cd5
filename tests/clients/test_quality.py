"""How well the branch knows its clients: three shares from a readable catalogue, the work list, verifying, asking."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.asked_again import Reason
from clients.errors import NothingToVerify
from clients.models import Client, ClientQuality, QuestionToAsk
from clients.months import add_months
from clients.provenance import REFUSABLE, origin
from clients.quality import COMPOSED, SHEET, Catalogue, Line, QualityItem, catalogue, percent, pressing, score
from clients.services import (
    ask_needs_again,
    ask_next,
    change_client,
    confirm_facts,
    record_needs,
    score_clients,
    verify_facts,
)
from clients.services.quality import score_outdated
from crm.core.errors import InvalidInput
from crm.core.models import AuditEntry, Branch
from crm.core.policies import figures
from crm.workbench.queue import todays_items
from tests.doors import Staff, Web
from tests.factories.clients import ClientFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 1)


def known(client: Client) -> ClientQuality:
    found: ClientQuality = ClientQuality.objects.get(client=client)
    return found


@pytest.fixture
def client_(branch: Branch) -> Client:
    return ClientFactory(branch=branch, phone="+8613812348000", total_assets=2_000_000)


# -- the rule ----------------------------------------------------------------------------------------------------------

_days = st.dates(date(2018, 1, 1), date(2027, 1, 1))
_entries = st.fixed_dictionaries(
    {"source": st.just("client"), "on": _days.map(date.isoformat)},
    optional={"refused": st.just(True), "verified": st.just({"on": "2026-01-01", "how": "call"})},
)


@st.composite
def sheets(draw: Any) -> dict[str, Any]:
    plain = [item.value for item in QualityItem if item not in COMPOSED]
    sheet: dict[str, Any] = {name: draw(st.sampled_from(["", None, "x"])) for name in plain}
    sheet |= {
        "id_valid_until": draw(st.none() | _days),
        "id_is_long_term": draw(st.booleans()),
        "risk_grade": draw(st.sampled_from(["", "C3"])),
        "risk_valid_until": draw(st.none() | _days),
        "needs_on": draw(st.none() | _days),
        "total_assets": 0,
        "provenance": draw(st.dictionaries(st.sampled_from(["*", *plain]), _entries, max_size=12)),
    }
    return sheet


_catalogues = st.builds(
    Catalogue,
    st.lists(
        st.builds(
            Line,
            st.sampled_from(QualityItem.values),
            st.integers(1, 20),
            st.sampled_from([0, 6, 12, 24]),
            st.booleans(),
        ),
        min_size=1,
        unique_by=lambda line: line.item,
    ).map(tuple),
    st.sampled_from([(50, 20, 30), (1, 1, 1), (100, 0, 0)]),
)


def plainly(sheet: dict[str, Any], catalogue: Catalogue) -> tuple[dict[str, str], tuple[int, int, int, int]]:
    """The same rule told slowly: a word for each item, then three fractions."""
    words: dict[str, str] = {}
    for line in catalogue.lines:
        own = sheet["provenance"].get(line.item, {})
        here = {
            "id_validity": bool(sheet["id_valid_until"]) or sheet["id_is_long_term"],
            "risk": sheet["risk_grade"] != "",
            "needs": sheet["needs_on"] is not None,
        }.get(line.item, sheet.get(line.item) not in ("", None))
        refused = bool(own.get("refused")) and line.item in REFUSABLE
        if not here and not refused:
            words[line.item] = "missing"
            continue
        aged = own or sheet["provenance"].get("*", {})
        day = date.fromisoformat(aged["on"]) if "on" in aged else None
        if line.item == "id_validity":
            old = not sheet["id_is_long_term"] and sheet["id_valid_until"] < TODAY
        elif line.item == "risk":
            old = sheet["risk_valid_until"] is None or sheet["risk_valid_until"] < TODAY
        else:
            day = sheet["needs_on"] if line.item == "needs" else day
            old = line.months > 0 and (day is None or day < add_months(TODAY, -line.months))
        seen = "refused" if refused else "checked" if own.get("verified") else "unchecked"
        words[line.item] = f"{'old' if old else 'new'} {seen}"

    def weight(test: Callable[[Line, str], bool]) -> int:
        return sum(line.weight for line in catalogue.lines if test(line, words[line.item]))

    there = weight(lambda _line, word: word != "missing")
    checkable = weight(lambda line, word: line.verify and not word.endswith("refused"))
    shares = (
        _round(Fraction(there, weight(lambda *_: True))),
        _round(Fraction(weight(lambda line, word: line.verify and word.endswith(" checked")), checkable))
        if checkable
        else 100,
        _round(Fraction(weight(lambda _line, word: word.startswith("new")), there)) if there else 0,
    )
    parts = catalogue.shares
    whole = _round(Fraction(sum(s * p for s, p in zip(shares, parts, strict=True)), 100 * sum(parts)))
    return words, (whole, *shares)


def _round(share: Fraction) -> int:
    return int(share * 100 + Fraction(1, 2))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(sheets(), _catalogues)
def test_the_score_is_what_the_rule_says_in_plain_words(sheet: dict[str, Any], lines: Catalogue) -> None:
    found = score(sheet, lines, TODAY)

    words, shares = plainly(sheet, lines)
    assert (found.score, found.completeness, found.verification, found.freshness) == shares
    assert set(found.missing) == {item for item, word in words.items() if word == "missing"}
    assert set(found.stale) == {item for item, word in words.items() if word.startswith("old")}
    assert set(found.refused) == {item for item, word in words.items() if word.endswith("refused")}
    by_item = {line.item: line for line in lines.lines}
    wanting = {item for item, word in words.items() if word.endswith("unchecked") and by_item[item].verify}
    assert set(found.unverified) == wanting


@given(st.integers(0, 500), st.integers(1, 500))
def test_per_cent_are_rounded_half_up(part: int, whole: int) -> None:
    assert percent(part, whole) == _round(Fraction(part, whole))


def test_every_item_of_the_catalogues_is_known_and_can_be_read(figures: Any) -> None:
    for kind in ("person", "institution"):
        rows = figures.json(f"quality.{kind}")
        assert len(catalogue(kind, figures).lines) == len(rows)
        assert sum(row["weight"] for row in rows) == 100
    assert {item.value for item in QualityItem} <= {*SHEET, *COMPOSED}


def test_more_assets_and_more_gaps_press_more() -> None:
    assert pressing(40, 50_000_000) > pressing(40, 5_000) > pressing(90, 5_000)  # type: ignore[arg-type]  # yuan
    assert pressing(100, 10**9) == 0  # type: ignore[arg-type]  # as above


# -- kept with the client ----------------------------------------------------------------------------------------------


def test_a_change_is_weighed_at_once_and_a_refusal_counts_as_answered(client_: Client, staff: Staff) -> None:
    advisor = staff("advisor")
    score_clients([client_.pk], TODAY)
    before = known(client_)
    assert "occupation" in before.missing

    change_client(client=client_, values={"occupation": "教师"}, actor=advisor, now=NOW)
    said = known(client_)
    change_client(client=client_, values={}, refused={"annual_income": True}, actor=advisor, now=NOW)
    refused = known(client_)

    assert "occupation" not in said.missing and said.completeness > before.completeness
    assert "annual_income" not in refused.missing and refused.refused == ["annual_income"]
    assert refused.completeness > said.completeness


def test_facts_grow_old_and_are_fresh_again_when_confirmed(client_: Client, staff: Staff) -> None:
    change_client(client=client_, values={"occupation": "教师"}, actor=staff("advisor"), now=NOW)
    later = NOW + timedelta(days=740)

    score_outdated(later)
    old = known(client_)
    confirm_facts(client=client_, names=["occupation"], actor=staff("advisor"), now=later)

    assert "occupation" in old.stale
    assert "occupation" not in known(client_).stale


def test_an_interview_is_weighed(client_: Client, staff: Staff) -> None:
    score_clients([client_.pk], TODAY)
    assert "needs" in known(client_).missing

    record_needs(client=client_, answers={"goals": ["growth"]}, actor=staff("advisor"), now=NOW)

    assert "needs" not in known(client_).missing


def test_the_sweep_weighs_everybody_once_a_day_and_finds_what_was_changed_elsewhere(branch: Branch) -> None:
    clients = ClientFactory.create_batch(3, branch=branch)

    assert score_outdated(NOW) == 3
    rows = list(ClientQuality.objects.order_by("pk").values())
    assert score_outdated(NOW) == 0
    assert list(ClientQuality.objects.order_by("pk").values()) == rows
    Client.objects.filter(pk=clients[0].pk).update(city="上海", version=2)
    assert score_outdated(NOW) == 1
    assert score_outdated(NOW + timedelta(days=1)) == 3


def test_weighing_many_costs_as_much_as_weighing_few(branch: Branch, cost_of: Any) -> None:
    few = [client.pk for client in ClientFactory.create_batch(2, branch=branch)]
    many = [client.pk for client in ClientFactory.create_batch(12, branch=branch)]

    assert cost_of(lambda: score_clients(many, TODAY)) == cost_of(lambda: score_clients(few, TODAY))


def test_a_branch_may_weigh_by_a_catalogue_of_its_own(client_: Client) -> None:
    lines = catalogue("person", figures(TODAY, client_.branch)).lines

    assert {line.item for line in lines if line.verify} == {"id_number", "phone", "address"}


# -- verifying ---------------------------------------------------------------------------------------------------------


def test_a_verified_fact_says_how_and_a_changed_one_is_unverified_again(client_: Client, staff: Staff) -> None:
    advisor = staff("advisor")
    verify_facts(client=client_, items=["phone"], how="call", actor=advisor, now=NOW)
    client_.refresh_from_db()
    mark = origin(client_.provenance, "phone")

    confirm_facts(client=client_, names=["phone"], actor=advisor, now=NOW)
    after_confirming = known(client_)
    change_client(client=client_, values={"phone": "13912345678"}, actor=advisor, now=NOW)

    assert (mark.verified_on, mark.verified_how) == (TODAY, "call")
    assert "phone" not in after_confirming.unverified
    assert "phone" in known(client_).unverified
    entry = AuditEntry.objects.get(action="client.verify_facts")
    assert (entry.actor, entry.after, entry.client_ref) == (
        advisor,
        {"facts": ["phone"], "how": "call"},
        client_.public_id,
    )


@pytest.mark.parametrize("items", [["email"], ["risk"], []])
def test_only_what_is_on_file_can_be_verified(client_: Client, staff: Staff, items: list[str]) -> None:
    with pytest.raises(NothingToVerify):
        verify_facts(client=client_, items=items, how="call", actor=staff("advisor"), now=NOW)


def test_how_a_fact_was_verified_has_to_be_said(client_: Client, staff: Staff) -> None:
    with pytest.raises(InvalidInput):
        verify_facts(client=client_, items=["phone"], how="guess", actor=staff("advisor"), now=NOW)


# -- asking next time --------------------------------------------------------------------------------------------------


def test_a_gap_to_be_asked_stands_in_my_day_until_it_is_filled(branch: Branch, staff: Staff) -> None:
    advisor = staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor, next_contact_on=None)
    score_clients([client.pk], TODAY)

    assert ask_next(client=client, items=["occupation", "debts"], actor=advisor, now=NOW) == 2
    assert ask_next(client=client, items=["occupation"], actor=advisor, now=NOW) == 0
    shown = [item.reason for item in todays_items(advisor, TODAY) if item.kind == "ask"]
    change_client(client=client, values={"occupation": "教师"}, refused={"debts": True}, actor=advisor, now=NOW)

    assert len(shown) == 1
    assert not QuestionToAsk.objects.open().exists()
    assert [item for item in todays_items(advisor, TODAY) if item.kind == "ask"] == []


def test_whether_many_were_asked_again_costs_as_much_as_whether_one_was(
    branch: Branch, staff: Staff, cost_of: Any
) -> None:
    advisor = staff("advisor")

    def wanted(count: int) -> list[int]:
        clients = [ClientFactory(branch=branch) for _number in range(count)]
        for client in clients:
            ask_needs_again(client=client, reason=Reason("目标变了"), actor=advisor, now=NOW)
        return [client.pk for client in clients]

    one, many = wanted(1), wanted(5)

    assert cost_of(lambda: score_clients(many, TODAY)) == cost_of(lambda: score_clients(one, TODAY))
    assert QuestionToAsk.objects.open().count() == 6


def test_the_work_list_asks_for_all_gaps_of_a_line_at_once(client_: Client, staff: Staff, web: Web) -> None:
    browser = web(staff("front_desk"))

    browser.post(f"/clients/{client_.public_id}/ask/", {"items": ["occupation,debts"]})

    assert set(QuestionToAsk.objects.values_list("item", flat=True)) == {"occupation", "debts"}


def test_nobody_is_to_be_asked_about_nothing(client_: Client, staff: Staff) -> None:
    with pytest.raises(InvalidInput):
        ask_next(client=client_, items=[], actor=staff("advisor"), now=NOW)
