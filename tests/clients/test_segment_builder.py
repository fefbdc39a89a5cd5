"""The builder of segments: a field is found among many, and what is not said yet does not stand in the way."""

from __future__ import annotations

from clients.segments import fields_for
from crm.core.models import Branch
from tests.doors import HTMX, Staff, Web
from tests.factories.clients import ClientFactory

NEW = "/clients/segments/new/"


def test_a_condition_without_its_value_waits_and_the_others_show_whom_they_mean(
    branch: Branch, staff: Staff, web: Web
) -> None:
    browser = web(staff("front_desk"))
    ClientFactory(branch=branch, name="甲富", total_assets=5000)
    said = {"g0m": "all", "g0c0f": "assets", "g0c0o": "gte", "g0c0v": "1000", "g0c1f": "assets", "g0c1o": "between"}

    for half in ({}, {"g0c1v": "1"}):
        shown = browser.post(NEW, {**said, **half}, headers=HTMX).content.decode()
        assert "1 client" in shown
        assert "1 condition still wants its value." in shown
        assert "Give two values." not in shown
    alone = browser.post(NEW, {**said, "g0c0v": ""}, headers=HTMX).content.decode()
    assert "2 conditions still want their values." in alone
    assert "client</" not in alone
    kept_ = browser.post(NEW, {**said, "form_token": "a" * 26, "name": "半成", "act": "save"})
    assert kept_.status_code == 400
    assert "Give" in kept_.content.decode()


def test_a_field_is_found_among_all_of_them_once_a_page_and_chosen_without_scripts_too(
    branch: Branch, staff: Staff, web: Web
) -> None:
    browser = web(staff("front_desk"))
    ClientFactory(branch=branch, name="甲富", total_assets=5000)
    said = {"g0m": "all", "g0c0f": ["", "assets"], "g0c0o": "gte", "g0c0v": "1000"}

    page = browser.get(NEW, headers={"accept-language": "zh-hans"}).content.decode()
    change = browser.post(NEW, said, headers=HTMX).content.decode()

    keys = fields_for(staff("front_desk"))
    assert all(f'<button type="button" data-field="{key}"' in page for key in keys)
    assert page.count('<optgroup label="') == len({str(field.group) for field in keys.values()})
    assert 'data-words="chengshi cs">城市' in page
    assert "1 client" in change
    assert 'id="g0c0f" value="assets"' in change
    assert "data-field=" not in change
    assert "<noscript" not in change
