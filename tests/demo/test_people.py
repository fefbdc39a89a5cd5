"""Demo people: invented, but consistent in every fact that a broker's form asks for."""

from collections import Counter
from datetime import date

import pytest

from clients.identity import IdKind, PhoneKind, Sex, read_credit_code, read_email, read_id_number, read_phone
from clients.pinyin import COMPOUND_SURNAMES, split_name, to_pinyin
from crm.demo import names, places
from crm.demo.people import MAIL_DOMAINS, MOBILE_PREFIXES, Person, make_firms, make_people

pytestmark = pytest.mark.nodb

TODAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def crowd() -> list[Person]:
    return make_people(5000, seed=1, today=TODAY)


def age_of(person: Person) -> int:
    born = person.birth_date
    return TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))


def test_every_id_number_passes_the_check_and_agrees_with_sex_and_birth_date(crowd):
    for person in crowd:
        told = read_id_number(person.id_number, today=TODAY)

        assert told.number == person.id_number
        assert (told.sex, told.birth_date, told.kind) == (person.sex, person.birth_date, person.id_kind)
        assert person.id_number[14:17] != "000"


def test_no_two_people_share_an_id_number_or_a_mobile(crowd):
    assert len({p.id_number for p in crowd}) == len({p.mobile for p in crowd}) == len(crowd)


def test_the_same_seed_gives_the_same_people_and_another_seed_others(crowd):
    assert make_people(300, seed=1, today=TODAY) == crowd[:300]
    assert not {p.id_number for p in make_people(300, seed=2, today=TODAY)} & {p.id_number for p in crowd}


def test_numbers_of_earlier_people_are_not_given_again(crowd):
    taken = {p.id_number for p in crowd[:50]} | {p.mobile for p in crowd[:50]}

    again = make_people(50, seed=1, today=TODAY, taken=taken)

    assert not {p.id_number for p in again} & taken
    assert not {p.mobile for p in again} & taken


def test_phones_are_mobiles_and_fixed_lines_in_storage_form(crowd):
    for person in crowd:
        mobile = read_phone(person.mobile)
        assert (mobile.e164, mobile.kind) == (person.mobile, PhoneKind.MOBILE)
        if person.fixed_phone:
            assert read_phone(person.fixed_phone)[:2] == (person.fixed_phone, PhoneKind.FIXED)


def test_every_demo_mobile_prefix_is_in_the_numbering_plan():
    import phonenumbers

    for prefix in MOBILE_PREFIXES:
        tries = [phonenumbers.parse(f"{prefix}{digit}2345678", "CN") for digit in range(10)]
        assert any(phonenumbers.is_valid_number(number) for number in tries), prefix


def test_no_mail_can_reach_anybody(crowd):
    addresses = [p.email for p in crowd if p.email]

    assert addresses and all(read_email(a) == a for a in addresses)
    assert {a.split("@")[1] for a in addresses} <= set(MAIL_DOMAINS)
    assert all(domain.endswith(("example.com", "example.net", "example.org")) for domain in MAIL_DOMAINS)


def test_address_names_a_road_of_its_own_district(crowd):
    for person in crowd:
        roads = places.ROADS[person.city][person.district].split()
        assert any(person.street.startswith(road) for road in roads)
        assert person.province == places.CITIES[person.city][0]
        assert person.address.count(person.city) == 1


def test_region_code_was_in_force_when_the_number_was_given(crowd):
    for person in crowd:
        if person.id_kind is IdKind.RESIDENT and "·" not in person.name and len(person.name) < 4:
            year = max(person.birth_date.year, 1985)
            known = {*places.regions_of("上海市", year), *places.regions_elsewhere(year), *places.TIBETAN_REGIONS}
            assert person.id_number[:6] in known


def test_ages_stay_within_the_wanted_range():
    staff = make_people(400, seed="staff", today=TODAY, ages=(22, 58))

    assert {age_of(p) for p in staff} <= set(range(22, 59))
    assert len({age_of(p) for p in staff}) > 25


def test_leap_day_can_be_today():
    assert len(make_people(50, seed=3, today=date(2028, 2, 29))) == 50


def test_occupation_and_education_fit_the_age(crowd):
    for person in crowd:
        assert person.occupation != "学生" or age_of(person) < 23
        assert person.occupation != "退休" or age_of(person) >= 50
        assert person.occupation not in {"教师", "律师"} or person.education in {"大专", "本科", "硕士", "博士"}
        assert bool(person.employer) == (person.occupation not in {"自由职业", "退休", "学生", "家庭主妇", "待业"})


def test_names_repeat_like_in_life_and_have_all_shapes(crowd):
    counted = Counter(p.name for p in crowd)
    repeats = sum(n - 1 for n in counted.values()) / len(crowd)
    surnames = Counter(split_name(p.name)[0] for p in crowd)

    assert 0.03 < repeats < 0.15
    assert 0.08 < sum(len(p.name) == 2 for p in crowd) / len(crowd) < 0.25
    assert {"王", "李", "张"} == {name for name, _ in surnames.most_common(3)}
    assert any(name in COMPOUND_SURNAMES for name in surnames)
    assert any("·" in p.name for p in crowd)
    assert {p.id_kind for p in crowd} > {IdKind.RESIDENT, IdKind.HONG_KONG, IdKind.TAIWAN}


def test_given_names_follow_sex_and_generation(crowd):
    girls = {p.name[1:] for p in crowd if p.sex is Sex.FEMALE and p.birth_date.year < 1960}
    boys = {p.name[1:] for p in crowd if p.sex is Sex.MALE and p.birth_date.year >= 2000}

    assert "秀英" in girls and "梓涵" not in girls
    assert "子轩" in boys and "建国" not in boys


def test_every_surname_of_the_table_has_pinyin():
    for surname in [*names.SURNAMES, *names.COMPOUND]:
        full, initials = to_pinyin(surname + "建国")
        assert full.endswith("jianguo") and len(full) > len("jianguo")
        assert len(initials) == len(surname) + 2


def test_firms_have_valid_credit_codes_phones_and_a_contact():
    firms = make_firms(60, seed=1, today=TODAY, city="杭州市")

    assert firms == make_firms(60, seed=1, today=TODAY, city="杭州市")
    assert len({f.name for f in firms}) == len({f.credit_code for f in firms}) == 60
    for firm in firms:
        assert read_credit_code(firm.credit_code) == firm.credit_code
        assert read_phone(firm.phone).e164 == firm.phone
        assert firm.contact.id_number and firm.name.startswith("杭州")


@pytest.mark.parametrize("city", sorted(places.CITIES))
def test_a_branch_may_stand_in_every_city(city):
    crowd = make_people(40, seed=city, today=TODAY, city=city)

    assert Counter(p.city for p in crowd).most_common(1)[0][0] == city
