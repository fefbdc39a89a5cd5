"""Identity of a client: what is accepted, what it tells, and what is refused with which words."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.identity import (
    PROVINCES,
    IdentityRefused,
    IdKind,
    PhoneKind,
    Sex,
    check_digit,
    credit_code_check_character,
    display_phone,
    is_credit_code,
    is_id_number,
    normalise_name,
    read_credit_code,
    read_email,
    read_id_number,
    read_phone,
    tail,
)
from clients.identity.phone import MOBILE_PREFIXES
from clients.identity.refusals import MESSAGES

pytestmark = pytest.mark.nodb

# The example of GB 11643-1999 itself.
STANDARD_EXAMPLE = "11010519491231002X"


def refusal(reader, *args, **kwargs) -> str:
    with pytest.raises(IdentityRefused) as refused:
        reader(*args, **kwargs)
    assert refused.value.code in MESSAGES
    return refused.value.code


@st.composite
def id_numbers(draw) -> str:
    born = draw(st.dates(date(1900, 1, 1), date(2024, 12, 31)))
    region = draw(st.sampled_from(sorted(PROVINCES))) + f"{draw(st.integers(101, 9029)):04d}"
    seventeen = f"{region}{born:%Y%m%d}{draw(st.integers(1, 999)):03d}"
    return seventeen + check_digit(seventeen)


# ID numbers


def test_id_number_tells_sex_birth_date_and_region():
    known = read_id_number(STANDARD_EXAMPLE)

    assert known.number == STANDARD_EXAMPLE
    assert (known.sex, known.birth_date, known.region) == (Sex.FEMALE, date(1949, 12, 31), "110105")
    assert (known.kind, known.converted, known.tail) == (IdKind.RESIDENT, False, "002X")


@pytest.mark.parametrize(
    "typed",
    [
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        " 110105 19491231 002X ",
        "'11010519491231002X",
        "110105-19491231-002X",
    ],
)
def test_id_number_is_stored_in_one_form_however_it_is_typed(typed):
    assert read_id_number(typed).number == STANDARD_EXAMPLE


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("810000199408230021", IdKind.HONG_KONG),
        ("830000199201300022", IdKind.TAIWAN),
        ("820000199001010010", IdKind.MACAU),
        ("911124198108030024", IdKind.FOREIGNER),
    ],
)
def test_permits_of_hong_kong_macau_taiwan_and_foreigners_are_accepted(number, kind):
    assert read_id_number(number).kind == kind


def test_old_number_of_fifteen_digits_becomes_its_successor():
    known = read_id_number("110105491231002")

    assert (known.number, known.converted) == (STANDARD_EXAMPLE, True)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "id_number_length"),
        ("1101051949123100", "id_number_length"),
        ("11010519491231002XX", "id_number_length"),
        ("1101051949123１OO2X", "id_number_characters"),
        ("X1010519491231002X", "id_number_characters"),
        ("71010519491231002X", "id_number_region"),
        ("99010519491231002X", "id_number_region"),
        ("11010519490230002X", "id_number_birth_date"),
        ("11010517491231002X", "id_number_birth_date"),
        ("110105194912310021", "id_number_check_digit"),
        ("110105194912310000", "precision_lost"),
        ("1.10105E+17", "scientific_notation"),
        (1.1010519491231002e17, "scientific_notation"),
    ],
)
def test_id_number_is_refused_with_its_reason(typed, code):
    assert refusal(read_id_number, typed) == code


def test_serial_000_is_refused_even_with_a_right_check_digit():
    seventeen = "11010519491231" + "000"

    assert refusal(read_id_number, seventeen + check_digit(seventeen)) in {"id_number_serial", "precision_lost"}


def test_birth_date_after_today_is_refused():
    seventeen = "11010520300101" + "001"
    number = seventeen + check_digit(seventeen)

    assert refusal(read_id_number, number, today=date(2029, 12, 31)) == "id_number_born_later"
    assert read_id_number(number, today=date(2030, 1, 1)).birth_date == date(2030, 1, 1)


@given(id_numbers())
def test_every_well_formed_number_is_read_back(number):
    known = read_id_number(number)

    assert f"{known.birth_date:%Y%m%d}" == number[6:14]
    assert (known.sex == Sex.MALE) == (int(number[16]) % 2 == 1)


@given(id_numbers(), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(number, place, shift):
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]

    assert not is_id_number(wrong)


@given(id_numbers(), st.integers(0, 15))
def test_two_swapped_neighbours_are_always_noticed(number, place):
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]

    assert swapped == number or not is_id_number(swapped)


def test_every_region_code_ever_issued_passes_the_shape_check():
    # Development data beside the repository; most clones do not have it.
    source = Path(__file__).parents[3] / "shared/data/reference/id_card_region_codes_timeline.csv"
    if not source.exists():
        pytest.skip("the full list of region codes is not on this machine")
    codes = {line.split(",")[0] for line in source.read_text(encoding="utf-8").splitlines()[1:]}

    refused = {c for c in codes if not is_id_number(c + "19800101001" + check_digit(c + "19800101001"))}

    assert refused == set()


def test_refusals_never_carry_the_number():
    with pytest.raises(IdentityRefused) as refused:
        read_id_number("110105194912310021")

    assert "1949" not in str(refused.value) + repr(refused.value) + str(refused.value.message)


# Firms


@pytest.mark.parametrize("code", ["91330100799655058B", "914403001922038216", "9144030071526726XG"])
def test_credit_codes_of_firms_are_read_in_one_form(code):
    assert read_credit_code(f" {code[:4].lower()}-{code[4:].lower()} ") == code
    assert credit_code_check_character(code[:17]) == code[17]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("9133010079965505", "credit_code_length"),
        ("9133010079965505O8", "credit_code_characters"),
        ("91330100799655058C", "credit_code_check_digit"),
        ("9.13301E+17", "scientific_notation"),
    ],
)
def test_credit_code_is_refused_with_its_reason(typed, code):
    assert refusal(read_credit_code, typed) == code
    assert not is_credit_code(typed)


# Phones


@pytest.mark.parametrize(
    "typed",
    ["13800138000", "138 0013 8000", "138-0013-8000", "+86 13800138000", "0086-13800138000", "8613800138000",
     "013800138000", "１３８００１３８０００", "1380013-8000", 13800138000, 13800138000.0],
)  # fmt: skip
def test_mobile_is_stored_in_one_form_however_it_is_typed(typed):
    phone = read_phone(typed)

    assert (phone.e164, phone.kind, phone.display, phone.tail) == (
        "+8613800138000", PhoneKind.MOBILE, "138 0013 8000", "8000",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "e164", "kind", "display", "extension"),
    [
        ("021-68888888", "+862168888888", PhoneKind.FIXED, "021-6888 8888", ""),
        ("(021)68888888转802", "+862168888888", PhoneKind.FIXED, "021-6888 8888", "802"),
        ("0755-26888888-12", "+8675526888888", PhoneKind.FIXED, "0755-2688 8888", "12"),
        ("4008-889-999", "+864008889999", PhoneKind.SERVICE, "400-888-9999", ""),
        ("800-820-8820", "+868008208820", PhoneKind.SERVICE, "800-820-8820", ""),
        ("+852 9123 4567", "+85291234567", PhoneKind.MOBILE, "+852 9123 4567", ""),
        ("00853-66123456", "+85366123456", PhoneKind.MOBILE, "+853 6612 3456", ""),
    ],
)
def test_phone_of_every_kind_has_storage_and_display_form(typed, e164, kind, display, extension):
    assert read_phone(typed) == (e164, kind, display, extension)
    assert display_phone(e164) == display


def test_local_number_needs_the_area_code_of_the_branch():
    assert refusal(read_phone, "68888888") == "phone_area_code"
    assert read_phone("68888888", area_code="021").e164 == "+862168888888"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "phone_unreadable"),
        ("无", "phone_unreadable"),
        ("13800138000/13900139000", "phone_unreadable"),
        ("12345678901", "phone_invalid"),
        ("1380013800", "phone_invalid"),
        ("1.38E+10", "scientific_notation"),
    ],
)
def test_phone_is_refused_with_its_reason(typed, code):
    assert refusal(read_phone, typed) == code


def test_our_mobile_prefixes_agree_with_the_numbering_plan():
    import phonenumbers

    def in_plan(prefix: str) -> bool:
        tries = (phonenumbers.parse(f"{prefix}{digit}2345678", "CN") for digit in range(10))
        return any(phonenumbers.is_valid_number(number) for number in tries)

    # 149 is China Telecom's and in use; the library does not know it.
    assert {prefix for prefix in MOBILE_PREFIXES if not in_plan(prefix)} <= {"149"}


# E-mail, names, tails


def test_email_is_stored_in_lower_case():
    assert read_email(" Ｗang.Fang@Example.COM ") == "wang.fang@example.com"


@pytest.mark.parametrize("typed", ["", "wang", "wang@", "a b@example.com", "王芳"])
def test_text_that_is_no_email_is_refused(typed):
    assert refusal(read_email, typed) == "email_invalid"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("　张　伟 ", "张伟"),
        ("\ufeff王芳\u200b", "王芳"),
        ("阿卜杜拉•买买提", "阿卜杜拉·买买提"),
        ("阿依古丽．买买提", "阿依古丽·买买提"),
        ("扎西 · 次仁", "扎西·次仁"),
        ("Ｊohn   Smith", "John Smith"),
        ("J. Smith", "J. Smith"),
        ("欧阳 Lily", "欧阳 Lily"),
        (None, ""),
    ],
)
def test_name_has_one_storage_form(typed, stored):
    assert normalise_name(typed) == stored


@given(st.text(max_size=30))
def test_normalising_a_name_twice_changes_nothing(text):
    once = normalise_name(text)

    assert normalise_name(once) == once


def test_tail_is_the_last_four_and_never_the_whole():
    assert tail("138 0013 8000") == "8000"
    assert tail("11010519491231002x") == "002X"
    assert tail("8000") == ""
