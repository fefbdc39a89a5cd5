"""The shell in a real browser: keys, dialogs, forms that are sent once, drafts, both looks, no script at all."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path

from crm.core.views.lists import part
from crm.core.views.styleguide import NAMES, SampleFilter
from tests.factories.core import UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]

AXE = Path(__file__).resolve().parents[1] / "vendor" / "axe.min.js"
PHONE = {"width": 390, "height": 844}
ARRIVED: list[dict[str, str]] = []

PAGE = """{% extends "base.html" %}{% block title %}t{% endblock %}{% block heading %}Room{% endblock %}{% block content %}
<ul data-rows><li data-row data-href="/room/?open=1"><a class="row-link" href="/room/?open=1">one</a></li>
<li data-row data-href="/room/?open=2"><a class="row-link" href="/room/?open=2">two</a></li></ul>
<button type="button" data-key="l" data-key-label="Log" data-copy="x" id="log">log</button>
<form method="post" action="/room/" data-guard>{% csrf_token %}
<label>Words <textarea name="words" data-draft="room"></textarea></label><input type="hidden" name="kind" value="plain">
<button type="submit" id="send">Send</button></form>
<form method="post" action="/room/" data-confirm="The client is told.">{% csrf_token %}
<input type="hidden" name="kind" value="confirmed"><button type="submit" id="tell">Tell</button></form>
{% endblock %}"""
LIST = """{% extends "base.html" %}{% block title %}t{% endblock %}{% block heading %}List{% endblock %}{% block content %}
{% include "components/_filter_bar.html" with filter=filter %}<div id="list">ROWS</div>{% endblock %}"""
ROWS = """{% load ui %}{% include "components/_chips.html" with filter=filter %}<table class="data-table"><thead><tr>
{% th "Name" sort="name" %}</tr></thead><tbody data-rows>{% for name in names %}
<tr><td>{{ name }}</td></tr>{% endfor %}</tbody></table>"""


def room(request: HttpRequest) -> HttpResponse:
    """A page with rows, a guarded form with a draft, and a form that wants a confirmation."""
    if request.method == "POST":
        ARRIVED.append({name: str(value) for name, value in request.POST.items()})
        time.sleep(0.5)  # long enough for an impatient second click
        return HttpResponse(status=302, headers={"Location": "/room/?sent=1"})
    return HttpResponse(engines["django"].from_string(PAGE).render({}, request))


def palette(request: HttpRequest) -> HttpResponse:
    """What the command palette finds."""
    return HttpResponse(f'<ul><li><a href="/room/?found={request.GET.get("q", "")}">found</a></li></ul>')


def name_list(request: HttpRequest) -> HttpResponse:
    """A list of names with a filter, whole or as the fragment that htmx asks for."""
    form = SampleFilter(request.GET)
    names = sorted(
        (name for name in NAMES if request.GET.get("q", "") in name), reverse="-" in request.GET.get("sort", "")
    )
    context = {"filter": form, "names": names}
    rows = engines["django"].from_string(ROWS).render(context, request)
    if part(request, "whole", "rows") == "rows":
        return HttpResponse(rows)
    whole = LIST.replace("ROWS", ROWS)
    return HttpResponse(engines["django"].from_string(whole).render(context, request))


urlpatterns = [
    path("room/", room),
    path("names/", name_list),
    path("search/palette/", palette),
    path("", include("crm.urls")),
]


@pytest.fixture(autouse=True)
def nothing_arrived():
    ARRIVED.clear()


@pytest.fixture
def signed_in(new_page, web, live_server):
    """A page of somebody who is signed in."""

    def open_page(address: str = "/room/", user=None, **options):
        page = new_page(**options)
        cookie = web(user or UserFactory()).cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        page.goto(address)
        return page

    return open_page


def rows_are(page, count):
    """Wait until the list has so many rows (waiting by a script of ours would break the content policy)."""
    page.locator("[data-rows] tr").nth(count - 1).wait_for()
    page.locator("[data-rows] tr").nth(count).wait_for(state="detached")


def test_keys_walk_the_rows_and_enter_opens(signed_in):
    page = signed_in()

    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.locator(".is-current").inner_text() == "two"
    page.keyboard.press("k")
    page.keyboard.press("Enter")

    page.wait_for_url("**/room/?open=1")


def test_letters_in_a_field_are_only_letters(signed_in):
    page = signed_in()
    page.locator("textarea").focus()

    page.keyboard.type("jl?/g")

    assert page.locator(".is-current").count() == 0
    assert page.locator("dialog[open]").count() == 0
    assert page.locator("textarea").input_value() == "jl?/g"


def test_nothing_happens_while_an_input_method_composes(signed_in):
    page = signed_in()

    page.evaluate("""() => {
      const pressed = {isComposing: true, bubbles: true, cancelable: true};
      for (const key of ["j", "?", "Enter"]) document.body.dispatchEvent(new KeyboardEvent("keydown", {key, ...pressed}));
      const box = document.querySelector("#search-box");
      window.swallowed = !box.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", keyCode: 229, ...pressed}));
    }""")

    assert page.evaluate("window.swallowed") is True
    assert page.locator(".is-current").count() == 0
    assert page.locator("dialog[open]").count() == 0
    assert page.url.endswith("/room/")


def test_a_search_waits_for_the_word_and_does_not_ask_for_its_pinyin(signed_in):
    page = signed_in("/names/")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "q=" in request.url else None)
    page.locator("#id_q").focus()
    method = page.context.new_cdp_session(page)

    method.send("Input.imeSetComposition", {"text": "zhang", "selectionStart": 5, "selectionEnd": 5})
    page.wait_for_timeout(500)
    assert asked == []
    method.send("Input.insertText", {"text": "张"})
    rows_are(page, 1)

    assert len(asked) == 1


def test_the_list_of_keys_names_those_of_the_page(signed_in):
    page = signed_in()

    page.keyboard.press("?")

    assert "Log" in page.locator("#keys-dialog [data-page-keys]").inner_text()
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0


def test_single_letter_keys_can_be_switched_off(signed_in):
    page = signed_in()
    page.keyboard.press("?")
    page.locator("[data-keys-switch]").uncheck()
    page.keyboard.press("Escape")

    page.keyboard.press("j")

    assert page.locator(".is-current").count() == 0


def test_the_palette_opens_by_key_searches_and_goes(signed_in):
    page = signed_in()

    page.keyboard.press("Control+k")
    page.keyboard.type("zs")
    page.locator('#palette-results a[href="/room/?found=zs"]').wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    page.wait_for_url("**/room/?found=zs")


def test_a_step_with_a_consequence_asks_first(signed_in):
    page = signed_in()

    page.click("#tell")
    assert "The client is told." in page.locator("#confirm-dialog").inner_text()
    page.click('#confirm-dialog button[value="no"]')
    assert ARRIVED == []

    page.click("#tell")
    page.click('#confirm-dialog button[value="yes"]')
    page.wait_for_url("**/room/?sent=1")
    assert [sent["kind"] for sent in ARRIVED] == ["confirmed"]


def send_twice(page):
    page.fill("textarea", "words")
    page.evaluate("""() => {
      const form = document.querySelector("#send").form;
      form.requestSubmit();
      setTimeout(() => form.requestSubmit(), 150);
    }""")
    page.wait_for_timeout(2000)  # a navigation that a second one aborts cannot be waited for


def test_a_form_is_sent_once_however_often_it_is_sent(signed_in):
    page = signed_in()

    send_twice(page)

    assert len(ARRIVED) == 1


def test_without_the_script_an_impatient_second_click_would_arrive(signed_in):
    page = signed_in(java_script_enabled=True)
    page.route("**/forms.js", lambda route: route.fulfill(body=""))
    page.goto("/room/")

    send_twice(page)

    assert len(ARRIVED) == 2


def test_a_draft_outlives_a_reload_and_ends_when_it_is_sent(signed_in):
    page = signed_in()
    page.fill("textarea", "half a letter")
    page.on("dialog", lambda dialog: dialog.accept())

    page.reload()
    assert page.locator("textarea").input_value() == "half a letter"
    page.click("#send")
    page.wait_for_url("**/room/?sent=1")

    assert page.locator("textarea").input_value() == ""
    page.goto("/room/")
    assert page.locator("textarea").input_value() == ""


def test_a_draft_is_not_shown_to_the_next_person_at_the_desk(signed_in, web, live_server):
    page = signed_in()
    page.fill("textarea", "not for others")
    page.on("dialog", lambda dialog: dialog.accept())

    cookie = web(UserFactory()).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    page.goto("/room/")

    assert page.locator("textarea").input_value() == ""


def test_leaving_with_unsaved_text_asks(signed_in):
    page = signed_in()
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.locator("textarea").press_sequentially("words")

    page.goto("/styleguide/")

    assert asked == ["beforeunload"]


def test_the_chosen_look_is_there_before_the_first_paint(signed_in):
    page = signed_in()
    page.click(".user-button")
    page.click('[data-look="theme:dark"]')
    page.context.add_init_script(
        "document.addEventListener('readystatechange', () => { window.firstTheme ??= document.documentElement.dataset.bsTheme; })"
    )

    page.reload()

    assert page.evaluate("window.firstTheme") == "dark"


def test_without_scripts_a_page_still_reads_and_its_forms_arrive(signed_in):
    page = signed_in(java_script_enabled=False)

    page.fill("textarea", "plain words")
    page.click("#send")

    page.wait_for_url("**/room/?sent=1")
    assert ARRIVED[0]["words"] == "plain words"


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("viewport", [{"width": 1440, "height": 900}, PHONE])
def test_every_component_is_accessible_in_both_looks_languages_and_widths(signed_in, locale, look, viewport):
    page = signed_in("/styleguide/?q=zs&tier=gold", locale=locale, color_scheme=look, viewport=viewport)
    page.locator("#chart-pie canvas").wait_for()

    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        "axe.run().then(result => result.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 120))]))"
    )

    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_charts_keep_their_figures_in_a_table(signed_in):
    page = signed_in("/styleguide/")

    page.click("#chart-line summary")

    assert "8,600,000.00" in page.locator("#chart-line table").inner_text()


def test_a_filter_narrows_in_place_with_a_clean_address_and_a_chip_takes_it_back(signed_in):
    page = signed_in("/names/")
    page.evaluate("window.stayed = true")

    page.fill("#id_q", "王")
    rows_are(page, 1)
    assert page.url.endswith("/names/?q=%E7%8E%8B")
    page.click(".chip")
    rows_are(page, 6)

    assert page.locator("#id_q").input_value() == ""
    assert page.evaluate("window.stayed") is True


@pytest.mark.parametrize("settled", [True, False], ids=["rows settled", "at once"])
def test_the_back_key_shows_the_whole_page_as_it_was(signed_in, settled):
    page = signed_in("/names/")
    page.fill("#id_q", "王")
    rows_are(page, 1)
    page.click("#sort-name")
    page.wait_for_url("**sort=name*")
    if settled:
        page.locator("[aria-sort=ascending]").wait_for()
        page.wait_for_timeout(500)  # whatever else leaving the search box may have caused has come

    page.go_back()

    page.wait_for_url("**/names/?q=%E7%8E%8B")
    rows_are(page, 1)
    assert page.locator("h1").inner_text() == "List"
    assert page.locator("#id_q").input_value() == "王"


def asked_of(page):
    """The questions that the page asks of its list from now on, as the query of their address."""
    asked = []
    page.on("request", lambda sent: asked.append(sent.url.partition("?")[2]) if "/names/" in sent.url else None)
    return asked


def test_sorting_by_a_click_out_of_the_search_box_asks_once_and_the_next_filter_keeps_the_order(signed_in):
    page = signed_in("/names/")
    asked = asked_of(page)
    page.fill("#id_q", "王")
    rows_are(page, 1)

    page.click("#sort-name")
    page.locator("[aria-sort=ascending]").wait_for()
    page.select_option("#id_tier", "gold")
    page.wait_for_url("**tier=gold*")
    page.wait_for_timeout(500)  # nothing more is asked for

    assert asked == ["q=%E7%8E%8B", "sort=name&q=%E7%8E%8B", "sort=name&q=%E7%8E%8B&tier=gold"]
    assert page.locator("[aria-sort=ascending]").count() == 1


def test_the_back_key_leaves_a_search_as_a_whole(signed_in):
    page = signed_in("/names/")
    page.locator("#id_q").focus()
    page.keyboard.type("小")
    page.wait_for_url("**q=%E5%B0%8F")
    page.keyboard.type("明")
    page.wait_for_url("**q=%E5%B0%8F%E6%98%8E")

    page.go_back()

    page.wait_for_url("**/names/")
    rows_are(page, 6)  # the address comes first, the page after it
    assert page.locator("#id_q").input_value() == ""


def test_the_back_key_shows_the_choices_that_the_rows_answer(signed_in):
    page = signed_in("/names/")
    page.select_option("#id_tier", "gold")
    page.wait_for_url("**tier=gold")
    page.select_option("#id_tier", "platinum")
    page.wait_for_url("**tier=platinum")

    page.go_back()

    page.wait_for_url("**tier=gold")
    page.locator(".chip").wait_for()
    assert page.locator("#id_tier").input_value() == "gold"


def test_no_page_is_kept_in_the_browsers_store(signed_in):
    page = signed_in("/names/")
    page.fill("#id_q", "王")
    rows_are(page, 1)

    kept = page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")

    assert "王小明" not in kept


def test_on_a_phone_the_rail_is_a_sheet(signed_in):
    page = signed_in(viewport=PHONE)
    assert not page.locator("#rail").is_visible()

    page.click(".bottom-bar button")

    page.locator("#rail").wait_for(state="visible")
    page.keyboard.press("Escape")
    page.locator("#rail").wait_for(state="hidden")


def test_a_lost_connection_has_a_page_of_its_own_and_keeps_no_other(signed_in):
    page = signed_in(locale="en")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.goto("/names/")

    page.context.set_offline(True)
    page.goto("/names/")

    assert page.locator("h1").inner_text() == "No connection"
    assert page.evaluate("getComputedStyle(document.querySelector('.entrance-card')).borderRadius") == "10px"
    kept = page.evaluate("""() => caches.keys().then(names => caches.open(names[0])).then(store => store.keys())
      .then(requests => requests.map(request => new URL(request.url).pathname))""")
    assert "/offline/" in kept
    assert [address for address in kept if not address.startswith("/static/")] == ["/offline/"]
