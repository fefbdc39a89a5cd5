"""The small pieces every page is built with."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django import forms
from django.contrib.messages.storage.base import Message
from django.http import QueryDict
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation
from django.utils.translation import pgettext_lazy

from crm.core import drawings
from crm.core.controls import chips_of, control
from crm.core.countdown import clock_state_of
from crm.core.rail import Rail
from crm.core.templatetags import ui

pytestmark = pytest.mark.nodb

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)  # ten in the morning in Shanghai


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


def drawn(source: str, path: str = "/clients/", **context: object) -> str:
    request = RequestFactory().get(path)
    return Template("{% load ui %}" + source).render(Context({"request": request, **context}))


# --- Icons and badges -------------------------------------------------------------------------------------------------


def test_an_icon_without_words_is_hidden_from_readers_of_the_page():
    assert 'aria-hidden="true"' in ui.icon("phone")
    assert "sprite.svg#phone" in ui.icon("phone")


def test_an_icon_with_words_says_them():
    assert 'role="img" aria-label="Overdue"' in ui.icon("clock", label="Overdue")


def test_an_unknown_icon_is_replaced_and_does_not_break_the_page():
    assert "#circle-dashed" in ui.icon("no-such-icon")


def test_a_badge_shows_word_and_icon_beside_its_colour():
    found = ui.badge("Overdue", "danger")

    assert "state-danger" in found
    assert "<svg" in found
    assert "Overdue" in found


def test_what_a_badge_says_is_escaped():
    assert "<script>" not in ui.badge("<script>", title='"><script>')


def test_tier_colours_come_by_class_or_by_svg_attribute_never_by_style():
    assert 'class="tier-dot tier-3"' in ui.tier_badge("Gold", slot=3)
    assert ' fill="#aa3300"' in ui.tier_badge("Gold", colour="#aa3300")
    assert "style=" not in ui.tier_badge("Gold", colour="#aa3300")


@pytest.mark.parametrize(
    ("days", "tone"), [(200, "state-neutral"), (30, "state-warning"), (0, "state-warning"), (-1, "state-danger")]
)
def test_a_risk_grade_warns_in_its_last_days_and_then_expires(days, tone):
    assert tone in ui.risk_badge("C3", days_left=days, warn_days=30)


def test_a_client_without_assessment_is_marked():
    assert "No assessment" in ui.risk_badge("")


# --- Addresses --------------------------------------------------------------------------------------------------------


def test_a_changed_query_keeps_the_rest_and_drops_what_is_none():
    found = drawn("{% qs_replace sort='-due' cursor=None %}", "/clients/?q=%E5%BC%A0&cursor=abc")

    assert found == "?q=%E5%BC%A0&amp;sort=-due"


def test_a_sortable_head_turns_round_and_starts_at_the_first_page():
    first = drawn("{% th 'Name' sort='name' %}", "/clients/?cursor=abc&tier=gold")
    again = drawn("{% th 'Name' sort='name' %}", "/clients/?sort=name")

    assert 'href="?tier=gold&amp;sort=name"' in first
    assert "aria-sort" not in first
    assert 'aria-sort="ascending"' in again
    assert 'href="?sort=-name"' in again


def test_figures_sort_from_the_largest_first():
    assert 'href="?sort=-assets"' in drawn("{% th 'Assets' sort='assets' align='end' %}")


def test_an_undo_address_leaves_only_for_our_own_pages():
    local, foreign = "undo:/clients/undo/1/", "undo://evil.example/"

    assert ui.undo_url(Message(25, "Moved", extra_tags=local)) == "/clients/undo/1/"
    assert ui.undo_url(Message(25, "Moved", extra_tags=foreign)) == ""


# --- Forms and filters ------------------------------------------------------------------------------------------------


class Sample(forms.Form):
    name = forms.CharField(help_text="As on the card.")
    due_on = forms.DateField()
    words = forms.CharField(widget=forms.Textarea, required=False)
    mood = forms.ChoiceField(choices=[("g", "Good"), ("b", "Bad")], widget=forms.RadioSelect, required=False)
    tags = forms.MultipleChoiceField(choices=[("a", "Alpha"), ("b", "Beta")], required=False)


def test_a_day_is_shown_in_the_form_browsers_understand():
    form = Sample(initial={"due_on": date(2026, 11, 22)})

    found = control(form["due_on"])

    assert 'type="date"' in found
    assert 'value="2026-11-22"' in found


def test_an_error_stands_beside_its_field_and_is_linked_to_it():
    form = Sample({"due_on": "2026-11-22"})

    found = ui.field(form["name"])

    assert "is-invalid" in found
    assert 'aria-invalid="true"' in found
    assert 'aria-describedby="id_name_helptext id_name_error"' in found
    assert 'id="id_name_error"' in found
    assert 'id="id_name_helptext"' in found


def test_what_was_typed_is_kept_and_escaped():
    form = Sample({"name": '"><b>', "due_on": "x"})

    assert "&quot;&gt;&lt;b&gt;" in ui.field(form["name"])


def test_options_are_a_group_with_its_own_name():
    found = ui.field(Sample()["mood"])

    assert "<fieldset" in found
    assert "<legend" in found


def test_chips_say_what_the_list_is_narrowed_by_in_words():
    query = QueryDict("name=zs&tags=a&tags=b&cursor=abc&sort=name")

    chips = chips_of(Sample(query), query)

    assert [(chip.label, chip.text) for chip in chips] == [("Name", "zs"), ("Tags", "Alpha, Beta")]
    assert chips[1].url == "?name=zs&sort=name"


def test_the_two_ends_of_a_range_make_one_chip():
    query = QueryDict("due_on_after=2026-01-01&due_on_before=2026-02-01")

    chips = chips_of(Sample(query), query)

    assert [(chip.text, chip.url) for chip in chips] == [("2026-01-01 – 2026-02-01", "?")]


# --- Clocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due", "word", "tone", "left"),
    [
        (NOW + timedelta(days=4, hours=3), "In time", "success", "4 d 3 h"),
        (NOW + timedelta(hours=2, minutes=5), "Due soon", "warning", "2 h 05 min"),
        (NOW - timedelta(minutes=12), "Overdue", "danger", "12 min"),
        (date(2026, 12, 3), "In time", "success", "11 days"),
        (date(2026, 11, 21), "Overdue", "danger", "1 day"),
        (None, "No deadline", "neutral", ""),
    ],
)
def test_a_clock_says_what_is_left_in_a_word_and_in_figures(due, word, tone, left):
    face = clock_state_of(due, NOW)

    assert (face.word, face.tone, face.remaining) == (word, tone, left)


def test_a_day_is_kept_until_its_last_minute():
    due = date(2026, 11, 22)

    assert clock_state_of(due, datetime(2026, 11, 22, 15, 59, tzinfo=UTC)).word == "Due soon"
    assert clock_state_of(due, datetime(2026, 11, 22, 16, 1, tzinfo=UTC)).word == "Overdue"


def test_a_clock_that_was_met_stops():
    due = NOW - timedelta(days=1)

    assert clock_state_of(due, NOW, done=due - timedelta(hours=1)).word == "Kept"
    assert clock_state_of(due, NOW, done=due + timedelta(hours=3)).remaining == "3 h 00 min"
    assert clock_state_of(due, NOW, paused=True).word == "Paused"


# --- Drawings ---------------------------------------------------------------------------------------------------------


def test_a_bar_shows_its_share_and_never_leaves_its_box():
    assert 'width="70.00"' in drawings.draw_bar(42, 60)
    assert drawings.draw_bar(90, 60).count('width="100"') == 2  # what is used, over what there is
    assert 'width="0"' in drawings.draw_bar(5, 0)


def test_a_stacked_bar_names_its_parts_for_readers_of_the_page():
    found = drawings.draw_stacked_bar(
        [{"label": "Gold", "value": 1, "slot": 2}, {"label": "Silver", "value": 3, "slot": 9}]
    )

    assert 'aria-label="Gold 1 · Silver 3"' in found
    assert 'class="bar-part tier-1" x="25.00" width="75.00"' in found


def test_a_line_needs_two_points():
    assert drawings.draw_sparkline([5, None]) == ""
    assert drawings.draw_sparkline([1, 2, 3]).count(",") == 3


def test_the_table_behind_a_chart_holds_the_exact_figures():
    spec = {
        "kind": "bar",
        "unit": "yuan",
        "categories": ["2026-01", "2026-02"],
        "series": [{"name": "Assets", "data": [Decimal("1234.5")]}],
    }

    found = ui.chart_table(spec)

    assert found["head"] == ["Assets"]
    assert re.findall(r">([^<]+)</t[hd]>", found["body"]) == ["2026-01", "1,234.50", "2026-02", "—"]


def test_a_name_in_a_chart_is_no_markup_in_its_table():
    found = ui.chart_table({"categories": ["<b>"], "series": [{"name": "n", "data": [1]}]})

    assert "&lt;b&gt;" in found["body"]


def test_a_part_of_the_shell_follows_language_and_place():
    def drawn(language, *, active):
        label = pgettext_lazy("rail", "Clients")
        item = {"key": "clients", "label": label, "icon": "users", "url": "/c/", "active": active, "children": []}
        with translation.override(language):
            return ui.shell_part(Context({"nav_items": Rail([item])}), "components/_nav.html")

    assert drawn("en", active=True) == drawn("en", active=True)
    assert 'aria-current="page"' in drawn("en", active=True)
    assert 'aria-current="page"' not in drawn("en", active=False)
    assert ">Clients<" in drawn("en", active=True)
    assert ">Clients<" not in drawn("zh-hans", active=True)


def test_figures_cannot_close_the_element_they_stand_in():
    found = ui.chart_data({"series": [{"name": "</script><script>"}]}, "c")

    assert "</script><script>" not in found
    assert 'id="c-data"' in found


@pytest.mark.parametrize(("answer", "said"), [(True, "是"), (False, "否"), (None, "未说明")])
def test_an_answer_is_a_word_and_never_true_or_false(answer, said):
    with translation.override("zh-hans"):
        assert ui.yes_no(answer) == said


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge · Windows",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 MicroMessenger/8.0", "WeChat · iOS"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Linux"),
        ("crm-phone/2.1", "crm-phone/2.1"),
        ("", "—"),
    ],
)
def test_a_browser_is_named_as_people_know_it(agent, words):
    assert ui.browser_words(agent) == words
