"""The invented company: two branches with enough people for every four-eyes and independence rule, and a head office."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.utils import timezone

from advisory.models import AdvisorProfile
from crm.core import audit
from crm.core.access import system_user
from crm.core.models import Branch, Company, Department, Region, User
from crm.demo.people import make_people
from crm.roles import (
    ACCOUNT_MANAGER,
    ADMINISTRATOR,
    ADVISOR,
    AGENT,
    AUDITOR,
    CALLER,
    COMPLIANCE,
    FRONT_DESK,
    HEAD_OFFICE,
    MANAGER,
)

#: (code, name, city, region, address, complaint phone). The numbers lie in no real exchange.
BRANCHES = (
    ("SH01", "上海静安营业部", "上海市", "EAST", "上海市静安区南京西路", "021-00000001"),
    ("BJ01", "北京海淀营业部", "北京市", "NORTH", "北京市海淀区中关村大街", "010-00000001"),
)
_REGIONS = (("EAST", "华东"), ("NORTH", "华北"))
#: People of one branch: role, how many, department.
_CREW = (
    (MANAGER, 2, "MGT"),
    (ADVISOR, 8, "ADV"),
    (ACCOUNT_MANAGER, 3, "SVC"),
    (AGENT, 2, "SVC"),
    (FRONT_DESK, 2, "DESK"),
    (CALLER, 2, "CARE"),
)
_DEPARTMENTS = (
    ("MGT", "管理部"),
    ("ADV", "投资顾问部"),
    ("SVC", "客户服务部"),
    ("DESK", "柜台"),
    ("CARE", "客户回访组"),
)
_HEAD_OFFICE = (
    (COMPLIANCE, 2, "合规部"),
    (AUDITOR, 1, "稽核部"),
    (HEAD_OFFICE, 2, "经纪业务总部"),
    (ADMINISTRATOR, 1, "信息技术部"),
)
_SECTORS = ("消费", "医药", "新能源", "半导体", "金融", "周期", "军工", "公用事业")
_DIALECTS = ("普通话", "上海话", "粤语", "四川话", "闽南语")


@dataclass(frozen=True)
class Login:
    """A demo account that somebody may sign in with."""

    role: str
    number: str
    password: str
    branch: str
    name: str


@dataclass(frozen=True)
class Crew:
    """The people of the demo, by branch and role."""

    company: Company
    branches: list[Branch]
    by_role: dict[tuple[str | None, str], list[User]]
    logins: list[Login]

    def of(self, branch: Branch | None, role: str) -> list[User]:
        return self.by_role[(branch.code if branch else None, role)]


def hire(*, seed: int, today: date) -> Crew:
    """Set up the company. One account of each role can sign in, all with a password made just now."""
    company = Company.objects.create(code="SF", name="示范证券")
    regions = {code: Region.objects.create(company=company, code=code, name=name) for code, name in _REGIONS}
    names = iter(make_people(60, seed=f"{seed}:staff", today=today, ages=(24, 57)))
    by_role: dict[tuple[str | None, str], list[User]] = {}
    branches = []
    for place, (code, name, _city, region, address, phone) in enumerate(BRANCHES, 1):
        branch = Branch.objects.create(
            company=company, region=regions[region], code=code, name=name, address=address, complaint_phone=phone
        )
        branches.append(branch)
        rooms = {
            key: Department.objects.create(company=company, branch=branch, code=key, name=title)
            for key, title in _DEPARTMENTS
        }
        for role, count, room in _CREW:
            by_role[code, role] = [
                _member(next(names), f"{place}{_ROLE_DIGIT[role]}{n:02}", role, company, branch, rooms[room], today)
                for n in range(1, count + 1)
            ]
        _set_managers(by_role, code)
        _license(by_role[code, ADVISOR], today)
    for role, count, title in _HEAD_OFFICE:
        desk = Department.objects.create(company=company, branch=None, code=role[:4].upper(), name=title)
        by_role[None, role] = [
            _member(next(names), f"9{_ROLE_DIGIT[role]}{n:02}", role, company, None, desk, today)
            for n in range(1, count + 1)
        ]
    audit.record(system_user(), "demo.hire", company, after={"staff": sum(map(len, by_role.values()))})
    return Crew(company, branches, by_role, _open_accounts(by_role))


_ROLE_DIGIT = {
    role: digit
    for digit, role in enumerate(
        (MANAGER, ADVISOR, ACCOUNT_MANAGER, AGENT, FRONT_DESK, CALLER, COMPLIANCE, AUDITOR, HEAD_OFFICE, ADMINISTRATOR)
    )
}


def _member(
    person: Any, number: str, role: str, company: Company, branch: Branch | None, room: Department, today: date
) -> User:
    user = User(
        staff_number=number,
        name=person.name,
        company=company,
        branch=branch,
        department=room,
        joined_on=today - timedelta(days=400 + int(number) % 2500),
    )
    user.set_unusable_password()
    user.save()
    user.groups.add(Group.objects.get(name=role))
    return user


def _set_managers(by_role: dict[tuple[str | None, str], list[User]], code: str) -> None:
    head = by_role[code, MANAGER][0]
    people = [user.pk for (place, _role), users in by_role.items() if place == code for user in users]
    User.objects.filter(pk__in=people).exclude(pk=head.pk).update(manager=head)


def _license(advisors: list[User], today: date) -> None:
    """Licences in the order of the trade's numbers; one runs out soon and one has run out, so that the gate is seen."""
    for place, user in enumerate(advisors):
        valid_for = {6: 25, 7: -3}.get(place, 200 + 60 * place)
        AdvisorProfile.objects.create(
            user=user,
            licence_kind=AdvisorProfile.LicenceKind.INVESTMENT_ADVISOR,
            licence_number=f"S99906{20 + place}06{user.staff_number}",
            licence_valid_until=today + timedelta(days=valid_for),
            capacity=140 + 20 * (place % 4),
            languages=["普通话", _DIALECTS[1 + place % 4]],
            sectors=[_SECTORS[place], _SECTORS[(place + 3) % 8]],
            channels=["phone", "wechat"] if place % 2 else ["phone", "visit", "counter"],
            risk_grades=[["C1", "C2", "C3"], ["C3", "C4"], ["C4", "C5"], ["C2", "C3", "C4"]][place % 4],
            tier_ranks=[[1, 2, 3], [3, 4], [4, 5, 6], [1, 2, 3, 4]][place % 4],
            experience_since=today - timedelta(days=365 * (3 + place)),
        )


def _open_accounts(by_role: dict[tuple[str | None, str], list[User]]) -> list[Login]:
    # One password, made just now and hashed once: whoever tries every role types it ten times.
    password = f"{secrets.token_urlsafe(9)}-{secrets.randbelow(90) + 10}"
    hashed, now = make_password(password), timezone.now()
    logins = []
    for (place, role), users in by_role.items():
        if place not in (None, BRANCHES[0][0]):
            continue
        user = users[0]
        user.password, user.credentials_changed_at = hashed, now
        user.save(update_fields=["password", "credentials_changed_at"])
        where = user.branch.name if user.branch else "总部"
        logins.append(Login(role, user.staff_number, password, where, user.name))
    return logins
