"""Invented people and firms for the demo branch: consistent, believable, the same for the same seed.

Sex and birth date agree with the ID number, the given name with sex and generation, the address with itself,
occupation and education with age. Numbers are formed by the public rules, so one may by chance belong to
somebody: demo phones are **never dialled or texted**, and every e-mail address lies in the domains that RFC
2606 reserves, which no mail reaches.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator
from datetime import date, timedelta
from itertools import accumulate
from typing import NamedTuple

from clients.identity import IdKind, Sex, check_digit, credit_code_check_character
from clients.identity.firm import ALPHABET
from clients.pinyin import to_pinyin
from crm.demo import careers, names, places

#: Mobile prefixes and how often they are met; old ones of the large carriers dominate.
MOBILE_PREFIXES = {
    "138": 9, "139": 9, "137": 7, "136": 7, "135": 7, "134": 4, "150": 5, "151": 5, "152": 4, "157": 2, "158": 6,
    "159": 6, "182": 3, "183": 3, "187": 3, "188": 4, "178": 2, "198": 2, "195": 1, "130": 3, "131": 3, "132": 2,
    "155": 3, "156": 3, "185": 3, "186": 5, "176": 2, "166": 1, "133": 4, "153": 3, "177": 3, "180": 3, "181": 2,
    "189": 5, "199": 2, "191": 1, "173": 1, "170": 1,
}  # fmt: skip
MAIL_DOMAINS = ("example.com", "example.net", "example.org", "mail.example.com", "post.example.net")

#: (age from, age to, weight): who has a securities account.
AGES = ((18, 24, 4), (25, 34, 20), (35, 44, 26), (45, 54, 24), (55, 64, 16), (65, 74, 8), (75, 86, 2))


class Person(NamedTuple):
    """One invented person; phones in the E.164 storage form, everything else as a clerk would write it."""

    name: str
    sex: Sex
    birth_date: date
    id_number: str
    id_kind: IdKind
    mobile: str
    fixed_phone: str
    email: str
    province: str
    city: str
    district: str
    street: str
    occupation: str
    education: str
    employer: str
    marital_status: str

    @property
    def address(self) -> str:
        """The whole address; municipalities are named once."""
        place = self.city if self.province == self.city else self.province + self.city
        return f"{place}{self.district}{self.street}"


class Firm(NamedTuple):
    """One invented firm with the person who acts for it."""

    name: str
    credit_code: str
    phone: str
    email: str
    address: str
    contact: Person


def make_people(
    count: int,
    *,
    seed: int | str,
    today: date,
    city: str = "上海市",
    ages: tuple[int, int] = (18, 86),
    taken: Collection[str] = (),
) -> list[Person]:
    """``count`` people around a branch in ``city`` (a key of places.CITIES), the same for the same arguments.

    The first n of a longer list are the list of n. No two share an ID number or mobile, and none uses one of
    ``taken`` (ID numbers and E.164 mobiles of people made before).
    """
    stream = people(seed=seed, today=today, city=city, ages=ages, taken=taken)
    return [next(stream) for _ in range(count)]


def people(
    *, seed: int | str, today: date, city: str = "上海市", ages: tuple[int, int] = (18, 86), taken: Collection[str] = ()
) -> Iterator[Person]:
    """The endless stream behind :func:`make_people`."""
    maker = random.Random(f"people:{seed}")
    used = set(taken)
    while True:
        yield _person(maker, today=today, city=city, ages=ages, used=used)


def make_firms(count: int, *, seed: int | str, today: date, city: str = "上海市") -> list[Firm]:
    """``count`` institutional clients with valid credit codes and a contact person each."""
    maker = random.Random(f"firms:{seed}")
    contacts = people(seed=f"{seed}:contacts", today=today, city=city, ages=(28, 58))
    firms: dict[str, Firm] = {}
    while len(firms) < count:
        name = careers.firm_name(maker, city)
        if name not in firms:
            firms[name] = _firm(maker, name, next(contacts), today)
    return list(firms.values())


def make_id_number(maker: random.Random, *, region: str, born: date, sex: Sex) -> str:
    """A valid number: the serial is odd for men, even for women, never 000."""
    serial = maker.randrange(1, 999, 2) if sex == Sex.MALE else maker.randrange(2, 1000, 2)
    seventeen = f"{region}{born:%Y%m%d}{serial:03d}"
    return seventeen + check_digit(seventeen)


def _person(maker: random.Random, *, today: date, city: str, ages: tuple[int, int], used: set[str]) -> Person:
    sex = maker.choices((Sex.MALE, Sex.FEMALE), (52, 48))[0]
    age, born = _birth(maker, today, ages)
    kind, name, regions = _origin(maker, sex, born, city)
    id_number = _unused(used, lambda: make_id_number(maker, region=maker.choice(regions), born=born, sex=sex))
    mobile = _unused(used, lambda: _mobile(maker))
    home = city if maker.random() < 0.94 else maker.choice([c for c in places.CITIES if c != city])
    occupation = careers.occupation_of(maker, age=age, sex=sex)
    district, street = _address(maker, home)
    return Person(
        name=name,
        sex=sex,
        birth_date=born,
        id_number=id_number,
        id_kind=kind,
        mobile=mobile,
        fixed_phone=_fixed_phone(maker, home) if maker.random() < (0.45 if age >= 55 else 0.08) else "",
        email=_email(maker, name, born) if maker.random() < (0.15 if age >= 60 else 0.6) else "",
        province=places.CITIES[home][0],
        city=home,
        district=district,
        street=street,
        occupation=occupation,
        education=careers.education_of(maker, born=born, occupation=occupation),
        employer=careers.employer_of(maker, occupation=occupation, city=home),
        marital_status=careers.marital_status_of(maker, age),
    )


def _unused(used: set[str], make: Callable[[], str]) -> str:
    while (value := make()) in used:
        pass
    used.add(value)
    return value


def _birth(maker: random.Random, today: date, ages: tuple[int, int]) -> tuple[int, date]:
    """Age in full years and birth date, by the age pyramid of account holders cut to ``ages``."""
    bands = [(max(a, ages[0]), min(b, ages[1]), w) for a, b, w in AGES if a <= ages[1] and b >= ages[0]]
    first, last, _weight = maker.choices(bands, [w for *_, w in bands])[0]
    age = maker.randint(first, last)
    # The day after the birthday `age + 1` years ago up to the birthday `age` years ago.
    return age, _years_before(today, age) - timedelta(days=maker.randrange(365))


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)


def _origin(maker: random.Random, sex: Sex, born: date, city: str) -> tuple[IdKind, str, tuple[str, ...]]:
    """Document, name and the region codes that such a person's ID number may begin with."""
    draw = maker.random()
    if draw < 0.0015:
        words = names.FOREIGN_MALE if sex == Sex.MALE else names.FOREIGN_FEMALE
        return IdKind.FOREIGNER, maker.choice(words.split("|")), ("931840", "931276", "931250", "931392")
    if draw < 0.004:
        kind, region = maker.choice(((IdKind.HONG_KONG, "810000"), (IdKind.TAIWAN, "830000")))
        return kind, _chinese_name(maker, sex, born), (region,)
    if draw < 0.010:
        return IdKind.RESIDENT, _uyghur_name(maker, sex), places.UYGHUR_REGIONS
    if draw < 0.013:
        return IdKind.RESIDENT, _tibetan_name(maker, sex), places.TIBETAN_REGIONS
    # Cards came in 1984; whoever was older got the code of that time.
    issued = max(born.year, 1985)
    local = places.regions_of(city, issued) if maker.random() < 0.6 else ()
    return IdKind.RESIDENT, _chinese_name(maker, sex, born), local or places.regions_elsewhere(issued)


def _generation(born: date) -> int:
    return max((year for year in names.GENERATIONS if year <= born.year), default=names.GENERATIONS[0])


_SURNAMES = [*names.SURNAMES, *names.COMPOUND]
_SURNAME_WEIGHTS = list(accumulate([*names.SURNAMES.values(), *names.COMPOUND.values()]))
_WHOLE = {key: value.split() for key, value in names.WHOLE.items()}
_PREFIXES = list(MOBILE_PREFIXES)
_PREFIX_WEIGHTS = list(accumulate(MOBILE_PREFIXES.values()))


def _chinese_name(maker: random.Random, sex: Sex, born: date) -> str:
    surname = maker.choices(_SURNAMES, cum_weights=_SURNAME_WEIGHTS)[0]
    key = (_generation(born), sex)
    if maker.random() < 0.45:
        return surname + maker.choice(_WHOLE[key])
    first, second = names.COMPOSED[key]
    given = maker.choice(first), maker.choice(second)
    # Doubled characters are a fashion of girls' names.
    return surname + ("".join(given) if given[0] != given[1] or sex == Sex.FEMALE else given[0])


def _uyghur_name(maker: random.Random, sex: Sex) -> str:
    given = maker.choice((names.UYGHUR_MALE if sex == Sex.MALE else names.UYGHUR_FEMALE).split())
    return f"{given}·{maker.choice(names.UYGHUR_FATHER.split())}"


def _tibetan_name(maker: random.Random, sex: Sex) -> str:
    first = maker.choice(names.TIBETAN.split())
    second = maker.choice((names.TIBETAN if sex == Sex.MALE else names.TIBETAN_FEMALE).split())
    return first + (second if second != first else "罗布")


def _mobile(maker: random.Random) -> str:
    prefix = maker.choices(_PREFIXES, cum_weights=_PREFIX_WEIGHTS)[0]
    return f"+86{prefix}{maker.randrange(10**8):08d}"


def _fixed_phone(maker: random.Random, city: str) -> str:
    area = places.CITIES[city][1]
    return f"+86{area[1:]}{maker.choice('6688')}{maker.randrange(2, 8)}{maker.randrange(10**6):06d}"


def _email(maker: random.Random, name: str, born: date) -> str:
    full, initials = to_pinyin(name)
    local = maker.choice(
        (
            full,
            f"{full}{born:%y}",
            f"{full}{maker.randrange(100, 999)}",
            f"{initials}{born:%Y}",
            f"{initials}_{born:%m%d}",
        )
    )
    return f"{local}@{maker.choice(MAIL_DOMAINS)}"


def _address(maker: random.Random, city: str) -> tuple[str, str]:
    roads = places.ROADS[city]
    district = maker.choice(list(roads))
    form = places.CITIES[city][2]
    household = form.format(
        lane=maker.randrange(18, 2600, 2),
        number=maker.randrange(1, 680),
        house=maker.randrange(1, 42),
        unit=maker.randrange(1, 5),
        room=f"{maker.randrange(1, 24)}{maker.randrange(1, 7):02d}",
    )
    return district, maker.choice(roads[district].split()) + household


def _firm(maker: random.Random, name: str, contact: Person, today: date) -> Firm:
    region = maker.choice(places.regions_of(contact.city, today.year))
    organisation = "MA" + "".join(maker.choices(ALPHABET, k=6))
    seventeen = f"91{region}{organisation}{_organisation_check(organisation)}"
    number = f"{maker.randrange(1, 900)}号{maker.randrange(2, 28)}层"
    road = maker.choice(places.ROADS[contact.city][contact.district].split())
    place = contact.city if contact.province == contact.city else contact.province + contact.city
    return Firm(
        name=name,
        credit_code=seventeen + credit_code_check_character(seventeen),
        phone=_fixed_phone(maker, contact.city),
        email=f"office{maker.randrange(100, 999)}@{maker.choice(MAIL_DOMAINS)}",
        address=f"{place}{contact.district}{road}{number}",
        contact=contact,
    )


def _organisation_check(eight: str) -> str:
    """Check character of the organisation code inside a credit code (GB 11714, MOD 11)."""
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(w * (int(c) if c.isdigit() else ord(c) - 55) for w, c in zip(weights, eight, strict=True))
    return "0123456789X"[-total % 11]
