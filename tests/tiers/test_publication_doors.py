"""Publications on their pages and over REST: who sees which, sends them, and what that costs."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from clients.models import Client
from crm.core.clocks import local_date
from crm.core.models import Attachment, Branch, Outbound, User
from tests.doors import Api, Staff, Web
from tests.factories.files import PDF
from tests.factories.publications import draw, send, somebody
from tiers.models import PreferenceSegment, Publication
from tiers.services.publication_messages import move_publications
from tiers.services.publications import (
    change_publication,
)

pytestmark = pytest.mark.django_db

LIST, REST = "/services/publications/", "/api/v1/publications/"


# -- pages -------------------------------------------------------------------------------------------------------------


def test_a_manager_takes_a_line_of_the_menu_sees_by_name_whom_it_reaches_and_sends_it(
    branch: Branch, boss: User, segment: PreferenceSegment, web: Web
) -> None:
    somebody(branch, name="张三丰")
    somebody(branch, name="不愿联", silent=True)
    browser, today = web(boss), local_date(timezone.now())
    assert f"menu={segment.public_id}" in browser.get(reverse("tiers:preferences")).content.decode()

    form = browser.get(f"{LIST}new/", {"menu": segment.public_id, "line": "0"}).context["form"]
    assert (form.initial["title"], form.initial["segments"]) == ("银行业周报", [segment.public_id])
    said = {
        "form_token": "a", "kind": "report", "title": "银行业周报第12期", "text": "净息差企稳", "link": "",
        "segments": segment.public_id, "item": "", "risk": "", "valid_from": today, "valid_until": today,
        "upload": SimpleUploadedFile("周报.pdf", PDF),
    }  # fmt: skip
    refused = browser.post(f"{LIST}new/", {**said, "upload": SimpleUploadedFile("周报.pdf", b"MZ")})
    assert (refused.status_code, list(refused.context["form"].errors)) == (400, ["upload"])
    made = browser.post(f"{LIST}new/", said)
    assert made.status_code == 302, made.context["form"].errors
    row = Publication.objects.get()
    page = browser.get(row.get_absolute_url()).content.decode()
    left_out = browser.get(row.get_absolute_url(), {"reason": "do_not_contact"}).content.decode()

    assert made.status_code == 302 and made["Location"] == row.get_absolute_url()
    assert "张三丰" in page and "不愿联" in page and "周报.pdf" in page and "Must not be contacted" in page
    assert "不愿联" in left_out and "张三丰" not in left_out
    confirm = browser.get(f"{row.get_absolute_url()}send/").content.decode()
    assert "1 client is written to." in confirm and not Outbound.objects.exists()
    sent = browser.post(f"{row.get_absolute_url()}send/", {"form_token": "b", "version": row.version})
    assert sent.status_code == 302
    move_publications(timezone.now())
    assert Outbound.objects.count() == 1
    tab = browser.get(Client.objects.get(name="张三丰").get_absolute_url(), {"tab": "services"}).content.decode()
    assert "银行业周报第12期" in tab
    assert browser.get(reverse("core:attachment", args=[Attachment.objects.get().public_id])).status_code == 200


def test_an_advisor_sees_of_a_publication_his_own_clients_and_none_in_preparation(
    branch: Branch, boss: User, segment: PreferenceSegment, staff: Staff, web: Web, api: Api
) -> None:
    advisor = staff("advisor")
    somebody(branch, name="自家客", advisor=advisor)
    somebody(branch, name="别家客")
    row = draw(segment, boss)
    assert web(advisor).get(row.get_absolute_url()).status_code == 404
    send(row, boss)

    page = web(advisor).get(row.get_absolute_url()).content.decode()
    told = api(advisor).get(f"{REST}{row.public_id}/recipients/").data["results"]

    assert "自家客" in page and "别家客" not in page
    assert api(advisor).get(f"{REST}{row.public_id}/recipients/", {"state": "lost"}).status_code == 400
    assert len(told) == 1 and api(advisor).get(f"{REST}{row.public_id}/").data["counts"] == {"chosen": 1}
    assert web(advisor).get(f"{row.get_absolute_url()}send/").status_code == 403


def test_lists_cost_the_same_for_one_and_for_ten(
    branch: Branch, boss: User, segment: PreferenceSegment, web: Web, cost_of: Any
) -> None:
    somebody(branch)
    row, browser = draw(segment, boss), web(boss)
    pages = (LIST, row.get_absolute_url())
    for page in pages:
        browser.get(page)
    one = [cost_of(lambda page=page: browser.get(page)) for page in pages]

    for _n in range(9):
        somebody(branch)
    for n in range(5):
        draw(segment, boss, title=f"第{n}期")
    change_publication(publication=row, values={}, actor=boss, now=timezone.now())

    assert [cost_of(lambda page=page: browser.get(page)) for page in pages] == one


# -- REST --------------------------------------------------------------------------------------------------------------


def test_publications_over_rest(branch: Branch, boss: User, segment: PreferenceSegment, staff: Staff, api: Api) -> None:
    advisor = staff("advisor")
    somebody(branch)
    calls = somebody(branch, forbidden_channels="email sms", advisor=advisor)
    phone, today = api(boss), local_date(timezone.now())
    said = {
        "kind": "idea", "title": "季度配置", "text": "增配债券", "segments": [segment.public_id],
        "valid_from": str(today), "valid_until": str(today),
    }  # fmt: skip

    made = phone.post(REST, said, format="json", headers={"Idempotency-Key": "a"})
    again = phone.post(REST, said, format="json", headers={"Idempotency-Key": "a"})
    url = f"{REST}{made.data['id']}/"
    unseen = phone.patch(url, {"title": "新"}, format="json")
    changed = phone.patch(url, {"title": "新"}, format="json", headers={"If-Match": '"1"'})
    sent = phone.post(f"{url}send/", {}, format="json", headers={"Idempotency-Key": "b", "If-Match": '"2"'})
    rows = phone.get(f"{url}recipients/", {"state": "call"}).data["results"]
    told = api(advisor).post(
        f"{url}told/", {"recipient": rows[0]["id"]}, format="json", headers={"Idempotency-Key": "c"}
    )
    over = phone.post(
        f"{url}withdraw/", {"reason": "更正"}, format="json", headers={"Idempotency-Key": "d", "If-Match": '"3"'}
    )

    assert (made.status_code, again.status_code, unseen.status_code, changed.status_code) == (201, 200, 428, 200)
    assert (made.data["state"], made.data["counts"]) == ("draft", {"call": 1, "chosen": 1})
    assert (sent.status_code, sent.data["state"]) == (201, "sent")
    assert [row["client"] for row in rows] == [calls.public_id]
    assert (told.status_code, told.data["state"]) == (201, "told")
    assert (over.status_code, over.data["counts"]) == (201, {"held": 1, "told": 1})
    assert [row["reached"] for row in phone.get(REST).data["results"]] == [1]
