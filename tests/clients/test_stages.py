"""The stage of a relationship by rule and by hand, tenure and milestones, and whether a client may be contacted."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.days import days_ahead, next_return
from clients.errors import StageNotSet
from clients.models import AssetMilestone, Client, StageOverride
from clients.reach import hindrances
from clients.services import AssetDay, end_stage, grade_stages, put_asset_days, set_stage
from clients.services.stages import grade_all
from clients.stages import Standing, Terms, reason_for, stage_of, tenure_years, upcoming
from crm.core.access import system_user
from crm.core.clocks import is_quiet
from crm.core.errors import InvalidInput
from crm.core.models import AuditEntry, Branch
from crm.core.policies import figures
from tests.doors import Staff
from tests.factories.clients import ClientFactory, ContactPointFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 1)
OLD = date(2020, 1, 1)
TERMS = Terms(new_days=180, window_days=90, growth=Decimal("0.2"), fall=Decimal("0.3"), lost_assets=Decimal(1000))


def standing(**said: Any) -> Standing:
    usual: dict[str, Any] = {
        "status": "active",
        "opened_on": OLD,
        "assets": Decimal(100_000),
        "has_assets_on_file": True,
        "assets_before": Decimal(100_000),
    }
    return Standing(**{**usual, **said})


@pytest.mark.parametrize(
    ("said", "stage"),
    [
        ({}, "stable"),
        ({"status": "closed"}, "lost"),
        ({"opened_on": None, "has_assets_on_file": False, "assets_before": None}, "prospect"),
        ({"opened_on": TODAY - timedelta(days=179)}, "new"),
        ({"opened_on": TODAY - timedelta(days=180)}, "stable"),
        ({"assets": Decimal("999.99")}, "lost"),
        ({"assets": Decimal(1000)}, "at_risk"),
        ({"assets": Decimal(70_000)}, "at_risk"),
        ({"assets": Decimal("70000.01")}, "stable"),
        ({"assets": Decimal(120_000)}, "growing"),
        ({"assets": Decimal("119999.99")}, "stable"),
        ({"assets_before": None}, "stable"),
        ({"assets_before": Decimal(0)}, "stable"),
        ({"status": "dormant"}, "at_risk"),
        ({"opened_on": None}, "stable"),
    ],
)
def test_the_stage_follows_the_rule(said: dict[str, Any], stage: str) -> None:
    assert stage_of(standing(**said), TERMS, TODAY) == stage


@settings(suppress_health_check=[HealthCheck.too_slow])  # the first draw of a date is slow on a busy machine
@given(
    st.sampled_from(["active", "dormant", "suspended", "closed"]),
    st.none() | st.dates(date(2000, 1, 1), TODAY),
    st.decimals(0, 10**9, places=2),
    st.booleans(),
    st.none() | st.decimals(0, 10**9, places=2),
)
def test_every_standing_has_a_stage_and_a_reason(
    status: str, opened: date | None, assets: Decimal, on_file: bool, before: Decimal | None
) -> None:
    found = Standing(status, opened, assets, on_file, before)

    assert reason_for(stage_of(found, TERMS, TODAY), found, TERMS, TODAY)


def test_the_night_grades_a_branch_once_and_a_second_round_changes_nothing(branch: Branch) -> None:
    grown, steady = ClientFactory(branch=branch, opened_on=OLD), ClientFactory(branch=branch, opened_on=OLD)
    fen = 100
    rows = [
        AssetDay(grown.pk, TODAY - timedelta(days=91), 100_000 * fen),
        AssetDay(grown.pk, TODAY - timedelta(days=1), 1_200_000 * fen),
        AssetDay(steady.pk, TODAY - timedelta(days=91), 100_000 * fen),
        AssetDay(steady.pk, TODAY - timedelta(days=1), 100_000 * fen),
    ]
    put_asset_days(branch=branch, rows=rows, actor=system_user())

    assert grade_stages(branch=branch, actor=system_user(), now=NOW) == 2
    assert grade_stages(branch=branch, actor=system_user(), now=NOW) == 0

    stored = dict(Client.objects.values_list("pk", "stage"))
    assert stored == {grown.pk: "growing", steady.pk: "stable"}
    grown.refresh_from_db()
    assert (grown.stage_since, grown.version) == (TODAY, 1)
    assert [row.amount for row in AssetMilestone.objects.filter(client=grown)] == [Decimal(1_000_000)]


def test_the_sweep_has_each_branch_once_a_day(branch: Branch) -> None:
    ClientFactory(branch=branch, opened_on=OLD)

    first, second = grade_all(NOW), grade_all(NOW)
    grade_all(NOW + timedelta(days=1))

    assert first >= 1
    assert second == 0
    assert AuditEntry.objects.filter(action="client.grade_stages", object_id=branch.public_id).count() == 2


def test_a_stage_set_by_hand_stands_until_its_last_day(branch: Branch, staff: Staff) -> None:
    client = ClientFactory(branch=branch, opened_on=OLD)

    set_stage(
        client=client, stage="at_risk", reason="说要转户", until=date(2026, 6, 10), actor=staff("advisor"), now=NOW
    )

    def graded(days: int) -> str:
        grade_stages(branch=branch, actor=system_user(), now=NOW + timedelta(days=days))
        client.refresh_from_db()
        return str(client.stage)

    assert (graded(0), graded(9), graded(10)) == ("at_risk", "at_risk", "stable")
    assert StageOverride.objects.get().ended_at is not None


def test_the_rule_speaks_again_when_the_hand_lets_go(branch: Branch, staff: Staff) -> None:
    client, advisor = ClientFactory(branch=branch, opened_on=OLD), staff("advisor")
    set_stage(client=client, stage="lost", reason="电话里说的", until=date(2026, 6, 10), actor=advisor, now=NOW)
    set_stage(client=client, stage="at_risk", reason="又联系上了", until=date(2026, 6, 10), actor=advisor, now=NOW)

    end_stage(client=client, actor=advisor, now=NOW)

    client.refresh_from_db()
    assert client.stage == "stable"
    with pytest.raises(StageNotSet):
        end_stage(client=client, actor=advisor, now=NOW)


@pytest.mark.parametrize("until", [date(2026, 5, 31), date(2027, 6, 1)])
def test_a_stage_set_by_hand_has_a_last_day_within_reach(branch: Branch, staff: Staff, until: date) -> None:
    with pytest.raises(InvalidInput) as refusal:
        set_stage(
            client=ClientFactory(branch=branch),
            stage="lost",
            reason="转户",
            until=until,
            actor=staff("advisor"),
            now=NOW,
        )

    assert set(refusal.value.fields) == {"until"}


def test_birthdays_and_anniversaries_show_up_before_their_day() -> None:
    client = Client(kind="person", birth_date=date(1990, 6, 5), opened_on=date(2020, 6, 3))

    found = upcoming(client, TODAY, 7)

    assert [(one.kind, one.on, one.years) for one in found] == [
        ("anniversary", date(2026, 6, 3), 6),
        ("birthday", date(2026, 6, 5), 36),
    ]
    assert tenure_years(client, TODAY) == 5
    assert upcoming(client, TODAY, 1) == []


def test_an_institution_has_no_birthday_and_a_first_day_is_no_anniversary() -> None:
    client = Client(kind="institution", birth_date=TODAY, opened_on=TODAY)

    assert upcoming(client, TODAY, 7) == []


@given(st.dates(date(1920, 1, 1), TODAY), st.dates(TODAY, date(2032, 12, 31)))
def test_the_day_comes_round_within_a_year_and_is_asked_for_by_its_month_and_day(first: date, today: date) -> None:
    on = next_return(first, today)

    assert today <= on <= today + timedelta(days=366)
    assert first.day in days_ahead(today, (on - today).days)[first.month]


@pytest.mark.parametrize(
    ("moment", "quiet"), [("20:59", False), ("21:00", True), ("03:00", True), ("08:29", True), ("08:30", False)]
)
def test_quiet_hours_may_pass_midnight(moment: str, quiet: bool) -> None:
    assert is_quiet(time.fromisoformat(moment), time(21), time(8, 30)) is quiet


def codes(client: Client, channel: str, at: datetime = NOW, points: Any = ()) -> list[str]:
    return [one.code for one in hindrances(client, channel, at, figures(TODAY, client.branch), points)]


def test_a_client_says_how_and_when_he_may_be_reached(branch: Branch) -> None:
    client = ClientFactory(branch=branch, forbidden_channels="phone sms", quiet_from=time(9), quiet_until=time(12))
    silent = ClientFactory(branch=branch, silent=True)

    assert codes(client, "phone") == ["forbidden_channel", "quiet_hours"]
    assert codes(client, "wechat", NOW + timedelta(hours=4)) == []
    assert codes(client, "email") == []
    assert codes(silent, "visit") == ["do_not_contact"]
    assert codes(ClientFactory(branch=branch), "phone", datetime(2026, 6, 1, 14, 0, tzinfo=UTC)) == ["quiet_hours"]


def test_a_client_whose_data_are_restricted_is_reached_by_no_channel(branch: Branch) -> None:
    client = ClientFactory(branch=branch, restricted_on=TODAY, restriction_reason="客户要求")

    assert [codes(client, channel) for channel in ("phone", "email", "visit")] == [["restricted"]] * 3


def test_a_channel_whose_every_number_is_forbidden_is_closed(branch: Branch) -> None:
    client = ClientFactory(branch=branch)
    bad = ContactPointFactory(client=client, is_forbidden=True)
    good = ContactPointFactory(client=client)

    assert codes(client, "phone", points=[bad]) == ["forbidden_points"]
    assert codes(client, "phone", points=[bad, good]) == []
