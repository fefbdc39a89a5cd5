"""Seeding, importing and editing the calendar; business hours of a branch; deadlines after a change."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from crm.core.access import system_user
from crm.core.clocks import BusinessClock, Calendar, Hours, calendar_gap
from crm.core.models import AuditEntry, BusinessSegment, CalendarChange, CalendarDay, PolicyKey
from crm.core.published_calendar import published_days
from crm.core.services import calendar as services
from crm.core.services.calendar import (
    CalendarFileRefused,
    ImpossibleHours,
    Outcome,
    TradingNotWorkday,
    TradingOnWeekend,
    edit_day,
    import_calendar,
    recompute_deadlines,
    seed_calendar,
    set_business_hours,
)
from crm.core.services.policies import set_policy

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
OFFICE = [Hours(time(9), time(11, 30)), Hours(time(13), time(17))]
NOTICE = "date,is_workday,is_trading,note\n2027-01-01,0,0,元旦\n2027-02-20,1,0,春节调休上班\n".encode()


@pytest.fixture
def actor(staff):
    return staff("compliance")


@pytest.fixture(autouse=True)
def settled(db):
    """Whatever the tables were born with is no change of the test."""
    CalendarChange.objects.all().delete()


def bring_in(actor, content=NOTICE, **options) -> Outcome:
    return import_calendar(content=content, name="2027.csv", actor=actor, now=NOW, **options)


def entries(action: str) -> int:
    return AuditEntry.objects.filter(action=action).count()


class TestSeeding:
    def test_the_published_years_are_there_as_soon_as_the_tables_are(self):
        stored = set(CalendarDay.objects.values_list("day", "is_workday", "is_trading", "note", "source"))

        assert stored == {tuple(facts) for facts in published_days()}

    def test_seeding_twice_writes_nothing_and_signs_nothing(self):
        before = AuditEntry.objects.count()

        outcome = seed_calendar(actor=system_user())

        assert outcome == Outcome(0, 0, len(list(published_days())))
        assert AuditEntry.objects.count() == before

    def test_seeding_an_empty_table_is_signed_once(self):
        CalendarDay.objects.all().delete()

        outcome = seed_calendar(actor=system_user(), first_year=2025, last_year=2026)

        assert outcome == Outcome(created=730)
        assert AuditEntry.objects.filter(action="calendar.seed").latest("pk").after["created"] == 730
        assert not CalendarChange.objects.exists()

    def test_seeding_mends_its_own_days_and_leaves_edited_ones_alone(self, actor):
        CalendarDay.objects.filter(day=date(2026, 10, 1)).update(is_workday=True)
        edit_day(day=date(2026, 6, 1), is_workday=False, is_trading=False, note="台风", actor=actor, now=NOW)

        outcome = seed_calendar(actor=system_user())

        assert outcome.updated == 1
        assert not CalendarDay.objects.get(pk=date(2026, 10, 1)).is_workday
        assert CalendarDay.objects.get(pk=date(2026, 6, 1)).note == "台风"


class TestImporting:
    def test_a_notice_is_written_signed_and_starts_a_recomputation(self, actor):
        outcome = bring_in(actor)

        assert outcome == Outcome(created=2)
        row = CalendarDay.objects.get(pk=date(2027, 2, 20))
        assert (row.is_workday, row.is_trading, row.note, row.source) == (True, False, "春节调休上班", "notice")
        entry = AuditEntry.objects.get(action="calendar.import")
        assert (entry.actor, entry.after["created"], entry.after["from"]) == (actor, 2, "2027.csv")
        change = CalendarChange.objects.get()
        assert (change.first_day, change.last_day, change.days) == (date(2027, 1, 1), date(2027, 2, 20), 2)

    def test_importing_twice_changes_nothing(self, actor):
        bring_in(actor)

        assert bring_in(actor) == Outcome(unchanged=2)
        assert entries("calendar.import") == 1
        assert CalendarChange.objects.count() == 1

    def test_one_wrong_row_keeps_the_whole_file_out(self, actor):
        with pytest.raises(CalendarFileRefused) as refused:
            bring_in(actor, NOTICE + b"2027-02-30,1,1,\n")

        assert [problem.row for problem in refused.value.problems] == [4]
        assert not CalendarDay.objects.of_year(2027).exists()

    def test_the_rest_of_the_year_may_be_taken_as_usual(self, actor):
        assert bring_in(actor, fill_year=True) == Outcome(created=365)
        assert CalendarDay.objects.get(pk=date(2027, 1, 4)).is_trading
        assert CalendarDay.objects.of_year(2027).filter(is_workday=True).count() == 261

    def test_filling_up_a_year_does_not_touch_days_on_file(self, actor):
        outcome = bring_in(actor, b"date,is_workday\n2026-10-08,0\n", fill_year=True)

        assert outcome == Outcome(updated=1)
        assert not CalendarDay.objects.get(pk=date(2026, 10, 1)).is_workday

    def test_a_list_of_holidays_fills_its_own_year_and_no_other(self, actor):
        days = [("2027-12-31", "true"), ("2028-01-08", "false")]
        listed = ",".join(f'{{"name": "元旦", "date": "{day}", "isOffDay": {off}}}' for day, off in days)
        content = f'{{"year": 2028, "days": [{listed}]}}'.encode()

        assert bring_in(actor, content, fill_year=True) == Outcome(created=367)
        assert bring_in(actor, content, fill_year=True) == Outcome(unchanged=2)
        assert CalendarDay.objects.of_year(2028).count() == 366
        assert CalendarDay.objects.of_year(2027).count() == 1

    def test_trading_days_alone_keep_what_is_known_about_work(self, actor):
        content = b"trade_date,trade_status,day_week\n2026-10-01,0,5\n2026-10-10,0,7\n2026-06-01,0,2\n2026-06-02,1,3\n"
        before = dict(CalendarDay.objects.values_list("day", "note"))

        assert bring_in(actor, content, fill_year=True) == Outcome(updated=1, unchanged=3)
        assert bring_in(actor, content, fill_year=True) == Outcome(unchanged=4)

        closed = CalendarDay.objects.get(pk=date(2026, 6, 1))
        assert (closed.is_workday, closed.is_trading, closed.source) == (True, False, "notice")
        assert dict(CalendarDay.objects.values_list("day", "note")) == before

    def test_trading_days_of_a_year_whose_work_is_unknown_are_named_and_nothing_is_written(self, actor):
        content = b"cal_date,is_open\n20260602,0\n20280103,1\n20261001,1\n"

        with pytest.raises(CalendarFileRefused) as refused:
            bring_in(actor, content)

        assert [(found.row, found.field, found.code) for found in refused.value.problems] == [
            (3, "is_workday", "workday_unknown"),
            (4, "is_trading", "trading_not_workday"),
        ]
        assert CalendarDay.objects.get(pk=date(2026, 6, 2)).is_trading

    def test_a_rehearsal_counts_and_writes_nothing(self, actor):
        assert bring_in(actor, dry_run=True) == Outcome(created=2)
        assert not CalendarDay.objects.of_year(2027).exists()
        assert entries("calendar.import") == 0


class TestEditing:
    def test_an_edited_day_is_signed_with_before_and_after(self, actor):
        day = date(2026, 6, 1)

        edit_day(day=day, is_workday=True, is_trading=False, note="临时休市", actor=actor, now=NOW, reason="交易所公告")

        row = CalendarDay.objects.get(pk=day)
        assert (row.is_workday, row.is_trading, row.note, row.source) == (True, False, "临时休市", "manual")
        entry = AuditEntry.objects.get(action="calendar.edit_day")
        assert entry.before == {"2026-06-01": [True, True, ""]}
        assert entry.after["days"] == {"2026-06-01": [True, False, "临时休市"]}
        assert entry.reason == "交易所公告"

    def test_a_new_note_alone_moves_no_deadline(self, actor):
        edit_day(day=date(2026, 6, 1), is_workday=True, is_trading=True, note="儿童节", actor=actor, now=NOW)

        assert not CalendarChange.objects.exists()

    def test_a_traded_day_must_be_worked(self, actor):
        with pytest.raises(TradingNotWorkday):
            edit_day(day=date(2026, 6, 1), is_workday=False, is_trading=True, note="", actor=actor, now=NOW)

    def test_the_exchanges_stay_shut_on_a_make_up_saturday(self, actor):
        with pytest.raises(TradingOnWeekend):
            edit_day(day=date(2026, 10, 10), is_workday=True, is_trading=True, note="", actor=actor, now=NOW)

    def test_the_database_itself_refuses_trading_without_working(self):
        with pytest.raises(IntegrityError), transaction.atomic():
            CalendarDay.objects.filter(pk=date(2026, 6, 1)).update(is_workday=False, is_trading=True)


class TestReading:
    def test_the_calendar_is_loaded_with_one_query(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            calendar = Calendar.around(date(2026, 6, 1))

        assert (calendar.first, calendar.last) == (date(2025, 4, 27), date(2026, 12, 31))
        assert calendar.add_working_days(date(2026, 9, 30), 1) == date(2026, 10, 8)

    def test_a_deadline_in_an_unknown_year_is_provisional_until_the_notice_is_loaded(self, actor):
        estimate = Calendar.load(date(2026, 1, 1)).due(date(2026, 12, 31), 1, "W")
        bring_in(actor, fill_year=True)

        certain = Calendar.load(date(2026, 1, 1)).due(date(2026, 12, 31), 1, "W")

        assert estimate == (date(2027, 1, 1), True)
        assert certain == (date(2027, 1, 4), False)

    @pytest.mark.parametrize(
        ("today", "missing"),
        [
            (date(2026, 10, 31), None),
            (date(2026, 11, 1), 2027),
            (date(2026, 12, 31), 2027),
            (date(2027, 1, 1), 2027),
            (date(2025, 12, 31), None),
        ],
    )
    def test_from_november_on_a_missing_next_year_is_reported(self, today, missing):
        assert calendar_gap(today) == missing

    def test_the_day_from_which_a_missing_year_is_reported_is_a_figure(self):
        set_policy(
            key=PolicyKey.objects.get(pk="calendar.alarm_from"), reason="because",
            value="10-15", effective_from=date(2026, 1, 1), branch=None,
            source="公司规定", actor=system_user(), today=date(2026, 1, 1),
        )  # fmt: skip

        assert calendar_gap(date(2026, 10, 14)) is None
        assert calendar_gap(date(2026, 10, 15)) == 2027

    def test_a_year_with_a_hole_is_missing_and_a_full_one_is_not(self, actor):
        bring_in(actor)
        assert calendar_gap(date(2026, 11, 1)) == 2027

        bring_in(actor, fill_year=True)
        assert calendar_gap(date(2026, 11, 1)) is None

    def test_strangers_see_no_calendar(self, staff):
        from django.contrib.auth.models import AnonymousUser

        assert not CalendarDay.objects.visible_to(AnonymousUser()).exists()
        assert not CalendarChange.objects.visible_to(AnonymousUser()).exists()
        assert not BusinessSegment.objects.visible_to(AnonymousUser()).exists()
        assert CalendarDay.objects.visible_to(staff("advisor")).exists()


class TestBusinessHours:
    def test_a_branch_without_hours_of_its_own_has_the_default(self, branch):
        clock = BusinessClock.for_branch(branch, Calendar.load(date(2026, 1, 1)), OFFICE)

        assert clock.add_minutes(datetime(2026, 9, 30, 9, tzinfo=UTC), 30) == datetime(2026, 10, 8, 1, 30, tzinfo=UTC)

    def test_hours_of_a_branch_replace_the_default_and_are_signed(self, branch, other_branch, actor):
        set_business_hours(branch=branch, hours=[Hours(time(8), time(12)), Hours(time(8), time(10), 4)], actor=actor)
        calendar = Calendar.load(date(2026, 1, 1))
        thursday, friday, saturday = (datetime(2026, 6, day, tzinfo=UTC) for day in (4, 5, 6))

        own = BusinessClock.for_branch(branch, calendar, OFFICE)
        other = BusinessClock.for_branch(other_branch, calendar, OFFICE)

        assert own.seconds_between(thursday, friday) == 4 * 3600
        assert own.seconds_between(friday, saturday) == 2 * 3600
        assert other.seconds_between(friday, saturday) == int(6.5 * 3600)
        assert AuditEntry.objects.get(action="branch.set_business_hours").object_id == branch.public_id

    def test_setting_hours_again_replaces_them_and_none_restores_the_default(self, branch, actor):
        set_business_hours(branch=branch, hours=OFFICE, actor=actor)
        set_business_hours(branch=branch, hours=[Hours(time(10), time(12))], actor=actor)
        assert [str(segment) for segment in branch.business_segments.all()] == ["10:00–12:00"]

        set_business_hours(branch=branch, hours=[], actor=actor)
        assert not branch.business_segments.exists()

    def test_overlapping_hours_are_refused(self, branch, actor):
        with pytest.raises(ImpossibleHours):
            set_business_hours(branch=branch, hours=[*OFFICE, Hours(time(11), time(12))], actor=actor)

    @pytest.mark.parametrize(
        "wrong", [{"opens": time(12), "closes": time(9)}, {"opens": time(9), "closes": time(12), "weekday": 7}]
    )
    def test_the_database_itself_refuses_impossible_hours(self, branch, wrong):
        with pytest.raises(IntegrityError), transaction.atomic():
            BusinessSegment.objects.create(branch=branch, **wrong)

    @pytest.mark.parametrize("weekday", [None, 2])
    def test_the_database_itself_refuses_the_same_opening_twice(self, branch, weekday):
        BusinessSegment.objects.create(branch=branch, opens=time(9), closes=time(12), weekday=weekday)

        with pytest.raises(IntegrityError), transaction.atomic():
            BusinessSegment.objects.create(branch=branch, opens=time(9), closes=time(13), weekday=weekday)


class TestRecomputing:
    @pytest.fixture(autouse=True)
    def rules(self, monkeypatch):
        monkeypatch.setattr(services, "RECOMPUTE", {})

    def test_after_a_change_every_rule_is_called_once_with_the_changed_days(self, actor):
        called = []
        services.recomputes("test.first")(lambda first, last, now: called.append((first, last, now)) or 3)
        services.recomputes("test.second")(lambda first, last, now: 2)
        bring_in(actor)

        assert recompute_deadlines(NOW) == 5
        assert recompute_deadlines(NOW) == 0
        assert called == [(date(2027, 1, 1), date(2027, 2, 20), NOW)]
        assert CalendarChange.objects.get().recomputed_at == NOW

    def test_a_rule_that_fails_holds_no_other_up_and_is_tried_again(self, actor):
        called = []

        def falls_over_once(first, last, now):
            called.append(now)
            if len(called) == 1:
                raise RuntimeError
            return 1

        services.recomputes("test.fails")(falls_over_once)
        services.recomputes("test.works")(lambda first, last, now: 1)
        bring_in(actor)

        assert recompute_deadlines(NOW) == 1
        assert CalendarChange.objects.unsettled().exists()
        assert recompute_deadlines(NOW) == 2
        assert not CalendarChange.objects.unsettled().exists()


class TestCommands:
    def run(self, *arguments, status=0):
        out, err = StringIO(), StringIO()
        try:
            call_command(*arguments, stdout=out, stderr=err)
        except SystemExit as left:
            assert left.code == status
        else:
            assert status == 0
        return out.getvalue()

    def test_without_a_file_the_published_years_are_loaded(self):
        CalendarDay.objects.all().delete()

        out = self.run("load_calendar", "--from", "2026")

        assert json.loads(out.splitlines()[-1]) == {"created": 365, "updated": 0, "unchanged": 0, "rejected": 0}

    def test_a_notice_is_loaded_from_a_file(self, tmp_path):
        path = tmp_path / "2027.csv"
        path.write_bytes(NOTICE)

        out = self.run("load_calendar", str(path), "--fill-year")

        assert json.loads(out.splitlines()[-1]) == {"created": 365, "updated": 0, "unchanged": 0, "rejected": 0}

    def test_wrong_rows_are_listed_in_a_file_of_their_own(self, tmp_path):
        path = tmp_path / "2027.csv"
        path.write_bytes(NOTICE + b"2027-02-30,1,1,\n")

        out = self.run("load_calendar", str(path), status=1)

        assert json.loads(out.splitlines()[-1])["rejected"] == 1
        listed = (tmp_path / "2027.csv.errors.csv").read_text("utf-8-sig").splitlines()
        assert listed[0] == "row,field,value,code,message"
        assert listed[1].startswith("4,date,2027-02-30,invalid_date,")

    def test_a_file_that_is_not_there_is_a_fault_of_its_own(self, tmp_path):
        self.run("load_calendar", str(tmp_path / "none.csv"), status=2)

    def test_the_status_names_the_years_and_the_missing_one(self):
        fine = json.loads(self.run("calendar_status", "--today", "2026-06-01"))
        missing = json.loads(self.run("calendar_status", "--today", "2026-11-22", status=1))

        assert fine["missing_year"] is None
        assert missing["missing_year"] == 2027
        assert fine["years"]["2026"] == {"days": 365, "working": 248, "trading": 242}
