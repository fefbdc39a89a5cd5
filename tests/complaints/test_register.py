"""Taking a complaint down: whose it is, what it is called."""

from __future__ import annotations

from datetime import timedelta

import pytest

from complaints.errors import FactsMissing
from complaints.models import Complaint
from complaints.services import register_complaint
from crm.core.crypto import blind_index
from tests.complaints.conftest import MONDAY
from tests.factories.clients import ClientFactory
from tests.factories.complaints import ComplaintClockFactory, ComplaintEventFactory, ComplaintFactory

pytestmark = pytest.mark.django_db


def say(crew, branch, **said):
    return register_complaint(
        **{
            "actor": crew.desk,
            "branch": branch,
            "now": MONDAY,
            "received_at": MONDAY,
            "channel": "counter",
            "subject": "other",
            "description": "等候过久",
            **said,
        }
    )


def test_numbers_count_by_branch_and_year(heard, crew, branch, other_branch):
    first, second = heard(), heard()
    elsewhere = say(crew, other_branch, complainant_name="王女士")
    old = MONDAY - timedelta(days=365)
    last_year = heard(now=old)

    assert [row.number for row in (first, second, elsewhere, last_year)] == [
        "SH01-2026-00001",
        "SH01-2026-00002",
        "BJ01-2026-00001",
        "SH01-2025-00001",
    ]


def test_numbers_go_on_beyond_five_digits(heard):
    Complaint.objects.filter(pk=heard().pk).update(number="SH01-2026-99999")

    assert heard().number == "SH01-2026-100000"
    assert heard().number == "SH01-2026-100001"


def test_somebody_who_is_no_client_is_kept_sealed_and_found_by_his_phone(crew, branch):
    from complaints.filters import ComplaintFilter

    complaint = say(crew, branch, complainant_name="王女士", complainant_phone="13812345678")

    stored = Complaint.objects.filter(pk=complaint.pk).values_list("complainant_name", "complainant_phone").get()
    assert "王女士" not in str(stored[0])
    assert "13812345678" not in str(stored[1])
    for typed in ("13812345678", "138 1234 5678", "+86 138-1234-5678"):
        assert ComplaintFilter({"q": typed}, Complaint.objects.all()).qs.get() == complaint


def test_a_phone_that_was_taken_down_before_phones_were_read_is_still_found(crew, branch):
    from complaints.filters import ComplaintFilter

    complaint = say(crew, branch, complainant_name="王女士")
    complaint.complainant_phone, complaint.complainant_phone_index = "13812345678", blind_index("13812345678")
    complaint.save()

    assert ComplaintFilter({"q": "138 1234 5678"}, Complaint.objects.all()).qs.get() == complaint


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("138 1234 5678", "+8613812345678"),
        ("+852 9123 4567", "+85291234567"),
        ("021-68888888", "+862168888888"),
        ("", ""),
    ],
)
def test_the_phone_of_a_stranger_is_kept_as_a_clients_phone_is(crew, branch, typed, kept):
    complaint = say(crew, branch, complainant_name="王女士", complainant_phone=typed)

    complaint.refresh_from_db()
    assert complaint.complainant_phone == kept
    assert complaint.complainant_phone_index == blind_index(kept)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "complainant_name"),
        ({"complainant_name": "王", "description": " "}, "description"),
        ({"complainant_name": "王", "complainant_phone": "abc"}, "complainant_phone"),
        ({"complainant_name": "王", "complainant_phone": "6888 8888"}, "complainant_phone"),
        ({"complainant_name": "王", "received_at": MONDAY + timedelta(hours=1)}, "received_at"),
    ],
)
def test_what_is_missing_is_named(crew, branch, said, field):
    with pytest.raises(FactsMissing) as refused:
        say(crew, branch, **said)

    assert list(refused.value.fields) == [field]


def test_a_client_of_another_branch_is_refused(crew, branch, other_branch):
    with pytest.raises(FactsMissing):
        say(crew, branch, client=ClientFactory(branch=other_branch))


@pytest.mark.parametrize("made", [ComplaintFactory, ComplaintClockFactory, ComplaintEventFactory])
def test_factories_make_rows_that_the_models_accept(made):
    made().full_clean()


@pytest.mark.parametrize("trait", ["closed", "stranger"])
def test_traits_make_rows_that_the_model_accepts(trait, branch):
    ComplaintFactory(**({trait: True} | ({"branch": branch} if trait == "stranger" else {}))).full_clean()


@pytest.mark.parametrize("years", [2, 126, 2025], ids=["two years", "1900", "0001"])
def test_a_complaint_that_came_in_more_than_a_year_ago_is_refused_beside_the_field(crew, branch, years):
    with pytest.raises(FactsMissing) as refusal:
        say(crew, branch, complainant_name="王女士", received_at=MONDAY.replace(year=MONDAY.year - years))

    assert list(refusal.value.fields) == ["received_at"]
