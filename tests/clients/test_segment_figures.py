"""Segments that ask for amounts, holdings, contacts, accounts and standing: each finds whom a plain reading finds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from clients.models import (
    Appointment,
    AssetMilestone,
    Client,
    ClientTag,
    ContactLog,
    DataPurpose,
    DataRequest,
    DuplicatePair,
    LegalHold,
)
from clients.segments import Context, compiled, fields_for, parse
from clients.services import AssetDay, put_asset_days
from clients.services.behaviour import computed_tags
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.models import Branch, User
from tests.clients.segment_reading import disagreements
from tests.doors import Staff
from tests.factories.clients import (
    AccountFactory,
    ClientFactory,
    ContactLogFactory,
    HoldingFactory,
    InvestorClassificationFactory,
    RiskAssessmentFactory,
    TradingPermissionFactory,
)
from tests.factories.consents import ConsentRecordFactory, PrivacyNoticeFactory

#: Ten in the morning.
NOW = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 15)
DAYS = [TODAY + timedelta(days=n) for n in (-91, -31, -30, -1, 0, 30)]


def names(field: str, op: str, value: Any, user: User) -> set[str]:
    said = {"field": field, "op": op} | ({} if value is None else {"value": value})
    rule = compiled(parse({"all": [said]}, user), Context(user, NOW))
    return set(Client.objects.visible_to(user).filter(rule).values_list("name", flat=True))


# -- amounts -----------------------------------------------------------------------------------------------------------


def test_the_newest_day_of_each_client_is_asked_whatever_day_it_is(
    branch: Branch, other_branch: Branch, staff: Staff
) -> None:
    """Also across branches whose newest files are of different days."""
    office, crowd = staff("head_office"), {}
    for place, last in ((branch, TODAY), (other_branch, TODAY - timedelta(days=1))):
        rows = []
        for n in range(5):
            client = ClientFactory(branch=place)
            facts: dict[str, Any] = dict.fromkeys(("market_value", "cash", "margin_debt", "inflow", "outflow"))
            if n:
                own = last - timedelta(days=n // 3)
                worth = {name: (n * 3 + at) % 4 * 50 for at, name in enumerate(facts)}
                fen = {name: amount * 100 for name, amount in worth.items()}
                rows += [AssetDay(client.pk, own, 100_00, **fen), AssetDay(client.pk, own - timedelta(days=1), 100_00)]
                facts = {name: Decimal(amount) for name, amount in worth.items()}
            crowd[client.pk] = facts
        put_asset_days(branch=place, rows=rows, actor=system_user())

    assert disagreements(office, NOW, TODAY, crowd) == []


def test_who_holds_a_security_is_asked_of_his_newest_day(branch: Branch, staff: Staff) -> None:
    manager = staff("branch_manager")
    for name, rows in {
        "持有": [("600519", 0), ("000001", 0)],
        "已卖": [("600519", 1), ("000001", 0)],
        "久远": [("600519", 10)],
        "昨日": [("600519", 9)],
        "无": [],
    }.items():
        client = ClientFactory(branch=branch, name=name)
        for code, ago in rows:
            HoldingFactory(client=client, security_code=code, day=TODAY - timedelta(days=ago))

    assert names("holds", "is", "600519", manager) == {"持有", "昨日"}
    assert names("holds", "is_not", "600519", manager) == {"已卖", "久远", "无"}


def test_figures_behind_tags_and_amounts_reached_find_whom_they_say(branch: Branch, staff: Staff) -> None:
    manager, crowd = staff("branch_manager"), {}
    for n in range(6):
        client = ClientFactory(branch=branch)
        value = Decimal(n * 18)
        keys = {"tag_turnover_rate": "turnover.high", "tag_lead": "skill.above", "tag_trend_rate": "trend.rising"}
        keys |= {"tag_largest_share": "concentration.high", "tag_margin_share": "margin.user"}
        for code in keys.values() if n else ():
            ClientTag.objects.create(
                client=client, tag_id=computed_tags()[code], family=code.partition(".")[0], value=value, count=n,
                since=TODAY, as_of=TODAY,
            )  # fmt: skip
        if n in (1, 2):
            AssetMilestone.objects.create(client=client, amount=n * 100, reached_on=DAYS[n])
        crowd[client.pk] = {
            **dict.fromkeys(keys, value if n else None),
            "tag_holdings": n or None,
            "milestone": Decimal(n * 100) if n in (1, 2) else None,
            "milestone_on": DAYS[n] if n in (1, 2) else None,
        }

    assert disagreements(manager, NOW, TODAY, crowd) == []


# -- contacts ----------------------------------------------------------------------------------------------------------


def test_what_contacts_were_and_when_finds_whom_it_says(branch: Branch, staff: Staff) -> None:
    """Midnight of the day in Shanghai counts, and a contact that was corrected is the one that stands."""
    manager, crowd = staff("branch_manager"), {}
    for n in range(6):
        client = ClientFactory(branch=branch)
        # The first hour of that day.
        at = [datetime.combine(day, datetime.min.time(), UTC) - timedelta(hours=8) for day in DAYS[n : n + 2]]
        at = [moment for moment in at if moment <= NOW]
        for moment in at:
            ContactLogFactory(
                client=client, at=moment, channel="visit", purpose="product", outcome="no_answer", mood="bad",
                direction="in",
            )  # fmt: skip
        wrong = ContactLogFactory(client=client, at=DAYS_AGO[n], channel="sms", mood="good", purpose="care")
        if n % 2:
            ContactLogFactory(
                client=client, at=DAYS_AGO[n], channel="email", purpose="market", corrects=wrong,
                correction_reason="点错", first_ref=wrong.public_id,
            )  # fmt: skip
        days, other = [local_date(moment) for moment in at], [local_date(DAYS_AGO[n])]
        stood = [] if n % 2 else other
        crowd[client.pk] = {
            **dict.fromkeys(("contact_channel_visit", "contact_purpose_product", "contact_outcome_no_answer"), days),
            **dict.fromkeys(("contact_mood_bad", "contact_direction_in"), days),
            **dict.fromkeys(("contact_channel_sms", "contact_mood_good", "contact_purpose_care"), stood),
            "contact_channel_email": other if n % 2 else [],
            "contact_outcome_reached": other,
            "contact_direction_out": other,
            "contact_outcome_refused": [],
            "contacts_30": sum((TODAY - day).days <= 30 for day in days + other),
            "contacts_90": sum((TODAY - day).days <= 90 for day in days + other),
        }

    assert disagreements(manager, NOW, TODAY, crowd) == []


DAYS_AGO = [NOW - timedelta(days=ago) for ago in (0, 1, 29, 30, 31, 120)]


def test_who_spoke_with_a_client_is_asked_and_me_is_whoever_asks(branch: Branch, staff: Staff) -> None:
    manager, advisor = staff("branch_manager"), staff("advisor")
    crowd = {}
    for who, ago in ((manager, 0), (manager, 91), (advisor, 90), (None, 0)):
        client = ClientFactory(branch=branch, advisor=advisor, name=f"{who and who.role_keys}{ago}")
        if who is not None:
            ContactLogFactory(client=client, staff=who, at=NOW - timedelta(days=ago))
        by = [who.public_id] if who else []
        crowd[client.pk] = {"contacted_by": by, "contacted_by_90": by if ago <= 90 else []}

    codes = dict.fromkeys(("contacted_by", "contacted_by_90"), [manager.public_id, advisor.public_id])
    assert disagreements(manager, NOW, TODAY, crowd, codes=codes) == []
    assert len(names("contacted_by", "mine", None, manager)) == 2
    assert (
        len(names("contacted_by_90", "mine", None, manager)) == len(names("contacted_by", "mine", None, advisor)) == 1
    )


# -- accounts, consents, standing --------------------------------------------------------------------------------------


def test_accounts_and_permissions_find_whom_they_say(branch: Branch, staff: Staff) -> None:
    manager, crowd = staff("branch_manager"), {}
    for n in range(5):
        client, is_closed = ClientFactory(branch=branch), n == 1
        if n:
            AccountFactory(
                client=client, opened_on=DAYS[n - 1], first_trade_on=DAYS[n - 1] if n > 2 else None,
                **({"status": "closed", "closed_on": DAYS[4]} if is_closed else {"status": "frozen" if n == 2 else "open"}),
            )  # fmt: skip
            Appointment.objects.create(
                client=client, staff=manager, channel="visit", starts_at=DAYS_AGO[n], booked_by=manager,
                **({"state": "cancelled", "cancel_reason": "改期"} if n == 3 else {}),
            )  # fmt: skip
            RiskAssessmentFactory(client=client, assessed_on=DAYS[n], entered_by=manager)
        if n in (1, 2):
            TradingPermissionFactory(client=client, opened_on=DAYS[n], opened_by=manager)
            TradingPermissionFactory(client=client, code="chinext", opened_on=DAYS[n], closed_on=DAYS[4])
        if n in (3, 4):
            TradingPermissionFactory(client=client, waiting=True, opened_by=manager)
            InvestorClassificationFactory(client=client, requested_by=manager)
        crowd[client.pk] = {
            "account_opened": DAYS[n - 1] if n else None,
            "account_closed": DAYS[4] if is_closed else None,
            "first_trade": DAYS[n - 1] if n > 2 else None,
            "account_frozen": n == 2,
            "permission_opened": DAYS[n] if n in (1, 2) else None,
            "permission_waiting": n in (3, 4),
            "class_waiting": n in (3, 4),
            "risk_assessed": DAYS[n] if n else None,
            "appointment": local_date(DAYS_AGO[n]) if n and n != 3 else None,
        }

    assert disagreements(manager, NOW, TODAY, crowd) == []


def test_what_was_said_about_data_and_what_was_asked_find_whom_they_say(branch: Branch, staff: Staff) -> None:
    manager, crowd = staff("branch_manager"), {}
    notice, told = PrivacyNoticeFactory(), DataPurpose.objects.filter(basis="contract").order_by("pk")[0]
    other = PrivacyNoticeFactory(purpose=told)
    clients = [ClientFactory(branch=branch) for _n in range(6)]
    DuplicatePair.objects.create(
        branch=branch, first=clients[0], second=clients[1], reasons=["document"], score=90, found_on=TODAY
    )
    DuplicatePair.objects.create(
        branch=branch, first=clients[2], second=clients[3], reasons=["document"], score=90, found_on=TODAY,
        state="dismissed", dismissed_by=manager, dismissed_at=NOW, dismiss_reason="两个人",
    )  # fmt: skip
    for n, client in enumerate(clients):
        answer = ("given", "refused", "withdrawn", "")[n % 4]
        if answer:
            ConsentRecordFactory(client=client, answer=answer, notice=notice, recorded_by=manager)
            ConsentRecordFactory(client=client, answer="given", notice=notice, is_present=False, recorded_by=manager)
        if n in (2, 5):
            ConsentRecordFactory(
                client=client, purpose=told, basis="contract", answer="told", notice=other, recorded_by=manager
            )
        if n in (1, 2):
            LegalHold.objects.create(
                client=client, reason="诉讼", set_by=manager, set_at=NOW,
                **({"lifted_by": manager, "lifted_at": NOW, "lift_reason": "结案"} if n == 2 else {}),
            )  # fmt: skip
            DataRequest.objects.create(
                client=client, kind="copy", channel="counter", received_on=DAYS[0], due_on=DAYS[n], registered_by=manager,
                **({"state": "refused", "ended_at": NOW} if n == 2 else {}),
            )  # fmt: skip
        crowd[client.pk] = {
            "told": [told.code] if n in (2, 5) else [],
            "agreed": ["marketing"] if answer == "given" else [],
            "against": ["marketing"] if answer in ("refused", "withdrawn") else [],
            "legal_hold": n == 1,
            "data_request": ["copy"] if n == 1 else [],
            "data_request_due": DAYS[1] if n == 1 else None,
            "duplicate": n in (0, 1),
        }

    codes = dict.fromkeys(("told", "agreed", "against"), ["marketing", told.code]) | {
        "data_request": ["copy", "access"]
    }
    assert disagreements(manager, NOW, TODAY, crowd, codes=codes) == []


def test_restricted_clients_are_found_by_who_sees_them_and_by_nobody_else(branch: Branch, staff: Staff) -> None:
    ClientFactory(branch=branch, name="受限", restricted_on=TODAY, restriction_reason="本人要求", erased_on=TODAY)
    ClientFactory(branch=branch, name="正常")
    officer, manager = staff("compliance"), staff("branch_manager")

    for field, op, value in (
        ("restricted_on", "last_days", 1), ("restriction_reason", "contains", "本人"), ("erased_on", "filled", None),
    ):  # fmt: skip
        assert names(field, op, value, officer) == {"受限"}
        assert names(field, op, value, manager) == set()
        assert field not in fields_for(staff("front_desk"))


def test_who_does_not_see_contacts_holdings_or_accounts_has_no_field_of_them(staff: Staff) -> None:
    caller, agent = set(fields_for(staff("follow_up_caller"))), set(fields_for(staff("agent")))

    assert {"contacts_30", "contacted_by", "holds", "cash"} <= caller
    assert not {"cash", "holds", "account_opened", "legal_hold", "agreed", "tag_holdings", "appointment"} & agent
    assert not {"legal_hold", "data_request", "duplicate"} & caller
    assert {f"contact_channel_{code}" for code in ("phone", "visit", "sms")} < caller
    assert ContactLog.objects.count() == 0
