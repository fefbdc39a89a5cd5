"""The company, its places and its people."""

from __future__ import annotations

from typing import Any

import factory
from django.contrib.auth.models import Group
from factory.django import DjangoModelFactory

from crm.core.models import Branch, Company, Department, Region, User

PASSWORD = "correct-horse-battery"


class CompanyFactory(DjangoModelFactory[Company]):
    class Meta:
        model = Company
        django_get_or_create = ("code",)

    code = "ZQ"
    name = "示范证券"


class RegionFactory(DjangoModelFactory[Region]):
    class Meta:
        model = Region
        django_get_or_create = ("company", "code")

    company = factory.SubFactory(CompanyFactory)
    code = "EAST"
    name = "华东"


class BranchFactory(DjangoModelFactory[Branch]):
    class Meta:
        model = Branch

    company = factory.SubFactory(CompanyFactory)
    region = factory.SubFactory(RegionFactory, company=factory.SelfAttribute("..company"))
    code = factory.Sequence(lambda n: f"B{n:03}")
    name = factory.Sequence(lambda n: f"第{n}营业部")


class DepartmentFactory(DjangoModelFactory[Department]):
    class Meta:
        model = Department

    branch = factory.SubFactory(BranchFactory)
    company = factory.SelfAttribute("branch.company")
    code = factory.Sequence(lambda n: f"D{n:03}")
    name = factory.Sequence(lambda n: f"部门{n}")


class UserFactory(DjangoModelFactory[User]):
    """A member of staff; ``role="advisor"`` puts him into that role's group."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    branch = factory.SubFactory(BranchFactory)
    company = factory.LazyAttribute(lambda made: made.branch.company if made.branch else CompanyFactory())
    staff_number = factory.Sequence(lambda n: f"S{n:05}")
    name = factory.Sequence(lambda n: f"员工{n}")
    password = factory.django.Password(PASSWORD)

    @factory.post_generation
    def role(self: User, create: bool, extracted: str | None, **_kwargs: Any) -> None:
        if create and extracted:
            self.groups.add(Group.objects.get(name=extracted))
