"""What a client signed lies with his rate: taken with his word or later, read by who may see his commission, never taken out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from clients.errors import ClientRestricted
from clients.models import Client
from crm.core.attachments import FileRefused
from crm.core.clocks import local_date
from crm.core.errors import MissingRight
from crm.core.models import Attachment, AuditEntry, Branch, User
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tests.factories.core import UserFactory
from tests.factories.files import PDF
from tests.factories.tiers import ClientRateFactory
from tiers.errors import NotAgreed
from tiers.models import ClientRate
from tiers.services.rate_offers import accept_client_rate, attach_agreement

pytestmark = pytest.mark.django_db


@pytest.fixture
def advisor(staff: Staff) -> User:
    return staff("advisor")


@pytest.fixture
def offered(branch: Branch, advisor: User) -> ClientRate:
    """A rate that was approved and told to the client yesterday."""
    now = timezone.now()
    made: ClientRate = ClientRateFactory(
        client=ClientFactory(branch=branch, advisor=advisor), state="offered", decided_by=UserFactory(branch=branch),
        decided_at=now - timedelta(days=1), accept_by=local_date(now) + timedelta(days=9), valid_from=local_date(now),
    )  # fmt: skip
    return made


def paper(name: str = "佣金协议.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def agree(rate: ClientRate, advisor: User, **more: Any) -> ClientRate:
    now = timezone.now()
    done: ClientRate = accept_client_rate(
        rate=rate, how=ClientRate.Answer.values[0], answered_on=local_date(now), actor=advisor, now=now, **more
    )
    return done


def test_the_paper_comes_with_the_clients_word_or_nothing_is_written(offered: ClientRate, advisor: User) -> None:
    with pytest.raises(FileRefused) as refusal:
        agree(offered, advisor, paper=paper(content=b"MZ\x90"))
    offered.refresh_from_db()
    assert (offered.state, list(refusal.value.fields), Attachment.objects.count()) == ("offered", ["paper"], 0)

    done = agree(offered, advisor, paper=paper())

    kept = Attachment.objects.of(done).get()
    assert (done.state, kept.name, kept.uploaded_by) == ("approved", "佣金协议.pdf", advisor)
    assert AuditEntry.objects.get(action="client_rate.accept").after["paper"] == kept.public_id


@pytest.mark.parametrize("state", ["proposed", "rejected", "declined", "lapsed"])
def test_no_paper_lies_with_a_rate_that_was_never_offered_or_that_he_declined(
    offered: ClientRate, advisor: User, state: str
) -> None:
    decided = {"decided_by": None, "decided_at": None} if state == "proposed" else {}
    ClientRate.objects.filter(pk=offered.pk).update(state=state, **decided)

    with pytest.raises(NotAgreed):
        attach_agreement(rate=offered, upload=paper(), actor=advisor)


def test_none_is_added_once_the_clients_data_are_only_stored_and_the_advisor_sees_the_rate_no_more(
    offered: ClientRate, advisor: User, staff: Staff
) -> None:
    today = local_date(timezone.now())
    Client.objects.filter(pk=offered.client_id).update(restricted_on=today, restriction_reason="法院要求")
    rate = ClientRate.objects.get(pk=offered.pk)

    with pytest.raises(ClientRestricted):
        attach_agreement(rate=rate, upload=paper(), actor=staff("compliance"))
    with pytest.raises(MissingRight):
        attach_agreement(rate=rate, upload=paper(), actor=advisor)


def test_the_answer_on_the_page_takes_the_paper_and_the_history_of_the_rate_shows_it_to_who_sees_his_commission(
    offered: ClientRate, advisor: User, staff: Staff, web: Any
) -> None:
    browser, today = web(advisor), local_date(timezone.now())
    said = {"form_token": "a", "version": offered.version, "how": ClientRate.Answer.values[0], "answered_on": today}
    url = reverse("tiers:rate_accept", args=[offered.public_id])

    refused = browser.post(url, {**said, "paper": paper("协议.exe", b"MZ")})
    done = browser.post(url, {**said, "form_token": "b", "paper": paper()})
    page_url = reverse("tiers:rate_detail", args=[offered.public_id])
    more = browser.post(
        reverse("tiers:rate_attach", args=[offered.public_id]), {"form_token": "c", "file": paper("补充.pdf")}
    )
    page = browser.get(page_url).content.decode()
    files = [reverse("core:attachment", args=[one.public_id]) for one in Attachment.objects.order_by("pk")]

    assert (refused.status_code, list(refused.context["form"].errors)) == (400, ["paper"])
    assert (done.status_code, more.status_code, more["Location"]) == (302, 302, page_url)
    assert "佣金协议.pdf" in page and "补充.pdf" in page
    assert [browser.get(file).status_code for file in files] == [200, 200]
    documents = browser.get(offered.client.get_absolute_url(), {"tab": "documents"}).content.decode()
    assert "佣金协议.pdf" in documents and page_url in documents
    for other in (staff("advisor"), staff("front_desk")):
        assert [web(other).get(file).status_code for file in files] == [404, 404]
    assert web(staff("advisor")).get(page_url).status_code == 404
    assert (
        "佣金协议.pdf"
        not in web(staff("front_desk")).get(offered.client.get_absolute_url(), {"tab": "documents"}).content.decode()
    )


def test_papers_of_a_rate_over_rest(offered: ClientRate, advisor: User, staff: Staff, api: Any) -> None:
    phone, url = api(advisor), f"/api/v1/client-rates/{offered.public_id}/files/"

    made = phone.post(url, {"file": paper()}, format="multipart", headers={"Idempotency-Key": "a"})
    again = phone.post(url, {"file": paper()}, format="multipart", headers={"Idempotency-Key": "a"})
    listed = phone.get(url).data
    handed = phone.get(f"{url}{made.data['id']}/")

    assert (made.status_code, again.status_code, [row["name"] for row in listed]) == (201, 200, ["佣金协议.pdf"])
    assert b"".join(handed.streaming_content) == PDF
    assert api(staff("advisor")).get(url).status_code == 404
    assert api(staff("front_desk")).get(url).status_code == 403
