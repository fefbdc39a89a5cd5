"""The tabs of a client in a real browser: axe finds nothing, nothing is cut on a phone, a chip narrows the timeline in place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from clients.models import Client, DocumentReminder
from crm.core import attachments
from tests.factories.advisory import AgreementFactory
from tests.factories.care import SurveyInvitationFactory, answered
from tests.factories.clients import ClientFactory, ContactLogFactory, IdentityDocumentFactory
from tests.factories.complaints import ComplaintClockFactory, ComplaintFactory
from tests.overview.test_timeline import touch
from tests.plugins.browser import settled

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
TABS = ("timeline", "complaints", "surveys", "advice", "documents")
AXE = Path(__file__).resolve().parents[1] / "vendor" / "axe.min.js"
_FAULTS = "axe.run().then(result => result.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 120))]))"
#: What reaches beyond the screen and does not scroll by itself.
_CUT = """() => [...document.querySelectorAll('#tab .btn, #tab .chip, #tab .state, #tab a')]
  .filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.table-wrap'))
  .map(one => one.textContent.trim())"""
_WIDER = "() => [...document.querySelectorAll('#tab .table-wrap')].map(one => one.scrollWidth - one.clientWidth)"


@pytest.fixture
def full(branch: Any, staff: Any, settings: Any, tmp_path: Any) -> Client:
    """A client with something on every tab."""
    settings.MEDIA_ROOT = tmp_path
    desk, day = staff("front_desk", name="柜台小李"), timezone.localdate()
    client: Client = ClientFactory(branch=branch, advisor=staff("advisor", name="王顾问"), name="任世明")
    touch(client, desk)
    late = ComplaintFactory(client=client, handler=desk, is_urgent=True, level="major")
    ComplaintClockFactory(complaint=late, due_on=day + timedelta(days=30))
    ComplaintClockFactory(complaint=late, kind="internal", due_on=day + timedelta(days=3))
    closed = ComplaintFactory(client=client, closed=True, handler=desk)
    answered(branch, 5, 9, "处理很快，态度也好，下次还来这家营业部办业务", client=client, complaint=closed)
    SurveyInvitationFactory(branch=branch, client=client, expires_at=timezone.now() + timedelta(days=9))
    AgreementFactory(client=client, advisor=client.advisor, ended_on=day, end_reason="客户要求终止")
    paper = IdentityDocumentFactory(client=client, valid_until=day + timedelta(days=20))
    terms = {"kind": paper.kind, "valid_until": paper.valid_until, "due_on": day}
    told = {"outcome": "told", "settled_by": desk, "settled_at": timezone.now(), "note": "已电话告知"}
    DocumentReminder.objects.create(client=client, document=paper, days_before=30, **terms, **told)
    DocumentReminder.objects.create(client=client, document=paper, days_before=15, **terms)
    for owner, name in ((ContactLogFactory(client=client), "投资者适当性匹配意见确认书.txt"), (late, "客户来信.txt")):
        attachments.store(SimpleUploadedFile(name, "文字".encode()), owner=owner, actor=desk)
    return client


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_every_tab_is_whole(
    full: Client, at_work: Any, staff: Any, picture: Callable[[Any, str], None], size: Any, locale: str
) -> None:
    page = at_work(staff("branch_manager"), viewport=size, locale=locale)
    for tab in TABS:
        page.goto(f"/clients/{full.public_id}/?tab={tab}")
        picture(page, tab)

        page.evaluate(AXE.read_text("utf-8"))
        assert page.evaluate(_FAULTS) == [], tab
        assert page.evaluate(_CUT) == [], tab
        assert max(page.evaluate(_WIDER), default=0) <= 0, tab


def test_a_chip_narrows_the_timeline_in_place(full: Client, at_work: Any, staff: Any) -> None:
    page = at_work(staff("branch_manager"))
    page.goto(f"/clients/{full.public_id}/?tab=timeline")
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))

    page.locator("#tab .chip", has_text="满意度").click()
    page.wait_for_url("**kind=survey**")
    settled(page)

    words = page.locator("#tab .timeline-list").inner_text()
    assert "满意度 5 / 5" in words and "谈过科创板" not in words
    assert loads == []
    page.go_back()
    page.locator("#tab .timeline-list", has_text="谈过科创板").wait_for()
