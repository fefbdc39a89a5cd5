"""Money is whole fen in the database and Decimal yuan in Python; secrets never lie open."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from crm.core.fields import (
    LARGEST_YUAN,
    EncryptedField,
    MoneyField,
    QuantityField,
    RateField,
    from_fen,
    money,
    to_fen,
)
from crm.core.models import Outbound

yuan = st.decimals(min_value=-LARGEST_YUAN, max_value=LARGEST_YUAN, places=2)
finer = st.decimals(min_value=-1_000_000, max_value=1_000_000, places=6)


@given(yuan)
def test_yuan_to_fen_and_back_is_the_same_amount(amount):
    assert from_fen(to_fen(amount)) == amount


@given(finer)
def test_rounding_is_half_away_from_zero_and_never_moves_more_than_half_a_fen(amount):
    rounded = money(amount)

    assert rounded == amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    assert abs(rounded - amount) <= Decimal("0.005")


@given(st.lists(finer, max_size=30))
def test_the_sum_of_rounded_lines_is_the_total_to_the_fen(lines):
    assert sum(to_fen(line) for line in lines) == to_fen(sum((money(line) for line in lines), Decimal(0)))


@given(finer)
def test_rounding_twice_changes_nothing_and_signs_are_symmetric(amount):
    assert money(money(amount)) == money(amount)
    assert money(-amount) == -money(amount)


@pytest.mark.parametrize(
    ("given_", "kept"), [("0.005", "0.01"), ("-0.005", "-0.01"), ("2.675", "2.68"), ("1.004", "1.00")]
)
def test_the_well_known_halves(given_, kept):
    assert str(money(given_)) == kept


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "abc", ""])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises((InvalidOperation, ValueError)):
        money(text)


def test_a_money_field_takes_no_float_and_nothing_too_large():
    field = MoneyField()

    with pytest.raises(TypeError):
        field.to_python(0.1)
    with pytest.raises(ValidationError):
        field.to_python("100000000000000.00")
    with pytest.raises(ValidationError):
        field.to_python("1e400")
    assert field.get_prep_value("12.345") == 1235
    assert field.from_db_value(1235, None, connection) == Decimal("12.35")


def test_a_money_field_offers_a_form_field_that_takes_two_places():
    field = MoneyField(verbose_name="x").formfield()

    assert field.clean("1234.50") == Decimal("1234.50")
    with pytest.raises(ValidationError):
        field.clean("1.234")
    with pytest.raises(ValidationError):
        field.clean("NaN")


def test_a_rate_has_six_places():
    field = RateField()

    assert (field.max_digits, field.decimal_places) == (9, 6)


@pytest.fixture
def message(db):
    return Outbound.objects.create(
        purpose="test", channel="sms", address="13812348000", subject="s", body="您好", dedupe_key="k",
        due_at=timezone.now(),
    )  # fmt: skip


def test_a_sealed_field_lies_sealed_and_reads_open(message):
    with connection.cursor() as cursor:
        cursor.execute("SELECT address, body FROM core_outbound")
        stored = cursor.fetchone()

    assert all("138" not in text and "您好" not in text for text in stored)
    again = Outbound.objects.get()
    assert (again.address, again.body) == ("13812348000", "您好")


def test_a_sealed_value_moved_to_another_row_does_not_open(message):
    from crm.core.crypto import Unreadable

    other = Outbound.objects.create(
        purpose="test", channel="sms", address="13900000000", subject="s", body="b", dedupe_key="k2",
        due_at=timezone.now(),
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE core_outbound SET address = (SELECT address FROM core_outbound WHERE id = %s) WHERE id = %s",
            [message.pk, other.pk],
        )

    with pytest.raises(Unreadable):
        _ = Outbound.objects.get(pk=other.pk).address


def test_saving_a_row_that_was_only_read_keeps_the_sealed_value(message):
    row = Outbound.objects.get()
    row.subject = "new"
    row.save()

    assert Outbound.objects.get().body == "您好"


def test_a_set_based_write_cannot_put_open_text_into_a_sealed_field(message):
    with pytest.raises(TypeError):
        Outbound.objects.update(address="13900000000")


def test_bulk_created_rows_are_sealed_as_well(db):
    rows = [
        Outbound(purpose="p", channel="sms", address=f"1390000000{n}", subject="s", body="b", dedupe_key=f"d{n}",
                 due_at=timezone.now())
        for n in range(3)
    ]  # fmt: skip
    Outbound.objects.bulk_create(rows)

    assert sorted(row.address for row in Outbound.objects.all()) == [f"1390000000{n}" for n in range(3)]


def test_an_empty_secret_stays_empty(db):
    row = Outbound.objects.create(
        purpose="p", channel="sms", address="", subject="s", body="b", dedupe_key="e", due_at=timezone.now()
    )

    assert Outbound.objects.get(pk=row.pk).address == ""


def test_the_field_names_what_it_is_bound_to():
    field = Outbound._meta.get_field("address")

    assert isinstance(field, EncryptedField)
    assert field.aad_for("X") == "core.outbound:address:X"


@given(st.decimals(min_value=-(10**13), max_value=10**13, places=4))
def test_a_number_of_shares_keeps_its_four_places_in_whole_units(number):
    field = QuantityField()

    assert field.from_db_value(field.get_prep_value(number), None, None) == number


@pytest.mark.parametrize("wrong", ["0.00001", "NaN", "1e40", "abc", "-Infinity"])
def test_what_is_no_number_of_shares_is_refused(wrong):
    with pytest.raises(ValidationError):
        QuantityField().to_python(wrong)


def test_a_number_of_shares_never_comes_from_a_float():
    with pytest.raises(TypeError):
        QuantityField().to_python(1.5)
