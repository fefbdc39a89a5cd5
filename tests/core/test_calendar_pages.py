"""The calendar on the screen: who may look, who may change, and what a wrong file says."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from crm.core.models import AuditEntry, CalendarDay

pytestmark = pytest.mark.django_db

NOTICE = "date,is_workday,is_trading,note\n2027-01-01,0,0,元旦\n".encode()


@pytest.fixture
def clerk(web, staff):
    return web(staff("compliance"))


@pytest.fixture
def reader(web, staff):
    return web(staff("advisor"))


def day_url(day: str) -> str:
    return reverse("core:calendar_day", args=[day])


def upload(content: bytes, **fields):
    return {"form_token": "t1", "file": SimpleUploadedFile("2027.csv", content, "text/csv"), **fields}


def test_everybody_in_the_house_sees_the_year_with_its_marks(reader):
    page = reader.get(reverse("core:calendar"), {"year": "2026"})

    text = page.content.decode()
    assert page.status_code == 200
    assert "248 working days, 242 trading days" in text
    assert text.count("cal-make-up") == 6 + 1  # and the legend
    assert "国庆节" in text
    assert day_url("2026-10-01") not in text


def test_the_days_of_the_week_are_days_in_chinese(reader):
    """A word of ours that Django knows as well, such as the sign of a tier, must not rename Sundays."""
    text = reader.get(reverse("core:calendar"), headers={"accept-language": "zh-hans"}).content.decode()

    assert text.count("星期日") == 12
    assert "太阳" not in text


def test_an_unknown_year_is_shown_as_an_estimate(reader):
    page = reader.get(reverse("core:calendar"), {"year": "2031"})

    assert page.content.decode().count(" cal-estimated") == 365 + 1  # and the legend


@pytest.mark.parametrize("year", ["", "x", "0", "99999", "²⁰²⁶", "1989"])
def test_a_year_nobody_could_mean_is_this_year(reader, year):
    assert reader.get(reverse("core:calendar"), {"year": year}).context["year"] == date.today().year


@pytest.mark.parametrize(("now", "missing"), [("2026-10-30", None), ("2026-11-02", 2027)])
def test_from_november_on_the_page_says_that_the_next_year_is_missing(web, staff, time_machine, now, missing):
    time_machine.move_to(f"{now}T12:00:00+08:00")

    page = web(staff("advisor")).get(reverse("core:calendar"))

    assert page.context["missing_year"] == missing
    assert ("The calendar of 2027 is missing" in page.content.decode()) == (missing is not None)


@pytest.mark.parametrize("url", [lambda: day_url("2026-06-01"), lambda: reverse("core:calendar_import")])
def test_who_may_only_look_may_not_change(reader, url):
    assert reader.get(url()).status_code == 403
    assert reader.post(url(), {"form_token": "t1"}).status_code == 403


def test_a_day_is_corrected_with_a_reason(clerk):
    answer = clerk.post(
        day_url("2026-06-01"), {"form_token": "t1", "is_workday": "on", "note": "临时休市", "reason": "交易所公告"}
    )

    row = CalendarDay.objects.get(pk=date(2026, 6, 1))
    assert (answer.status_code, answer["Location"]) == (302, f"{reverse('core:calendar')}?year=2026")
    assert (row.is_workday, row.is_trading, row.note) == (True, False, "临时休市")
    assert AuditEntry.objects.get(action="calendar.edit_day").reason == "交易所公告"


def test_the_form_shows_what_is_on_file(clerk):
    initial = clerk.get(day_url("2026-10-10")).context["form"].initial

    assert (initial["is_workday"], initial["is_trading"], initial["note"]) == (True, False, "国庆节调休上班")


def test_a_refusal_stands_beside_its_field(clerk):
    answer = clerk.post(
        day_url("2026-10-10"), {"form_token": "t1", "is_workday": "on", "is_trading": "on", "reason": "x"}
    )

    assert answer.status_code == 400
    assert "is_trading" in answer.context["form"].errors


@pytest.mark.parametrize("day", ["2026-02-30", "soon", "1066-10-14", "20260601", "2026-W01-1"])
def test_a_day_that_does_not_exist_is_not_found(clerk, day):
    assert clerk.get(day_url(day)).status_code == 404


def test_a_notice_is_imported_from_the_page(clerk):
    answer = clerk.post(reverse("core:calendar_import"), upload(NOTICE, fill_year="on"))

    assert answer.status_code == 302
    assert CalendarDay.objects.of_year(2027).count() == 365


def test_a_second_click_imports_once(clerk):
    for _click in range(2):
        assert clerk.post(reverse("core:calendar_import"), upload(NOTICE)).status_code == 302

    assert AuditEntry.objects.filter(action="calendar.import").count() == 1


def test_every_wrong_row_is_listed_and_nothing_is_written(clerk):
    answer = clerk.post(reverse("core:calendar_import"), upload(NOTICE + b"2027-02-30,1,1,\nx,<b>,1,\n"))

    text = answer.content.decode()
    assert answer.status_code == 400
    assert [problem.row for problem in answer.context["problems"]] == [3, 4]
    assert "2027-02-30" in text
    assert not CalendarDay.objects.of_year(2027).exists()


def test_the_page_costs_the_same_for_an_empty_and_a_full_year(reader, cost_of):
    reader.get(reverse("core:calendar"))  # whatever is remembered after the first page
    empty = cost_of(lambda: reader.get(reverse("core:calendar"), {"year": "2031"}))

    assert cost_of(lambda: reader.get(reverse("core:calendar"), {"year": "2026"})) == empty
