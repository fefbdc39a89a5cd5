"""Of two who reach for one name the second is told that it is taken; nothing else is told so."""

from __future__ import annotations

import pytest
from django.db import IntegrityError

from crm.core.errors import DomainError
from crm.core.models import Branch
from crm.core.taken import unless_taken
from tests.factories.services import ServiceItemFactory
from tiers.errors import ServiceCodeTaken
from tiers.models import ServiceItem

pytestmark = pytest.mark.django_db

ONCE = ("service_code_once_in_company", "service_code_once_in_branch")


@pytest.mark.parametrize("own", [False, True])
def test_the_second_of_one_name_is_refused_and_the_work_around_it_goes_on(branch: Branch, own: bool) -> None:
    place = {"company": branch.company, "branch": branch if own else None}
    ServiceItemFactory(code="tea", **place)

    with pytest.raises(ServiceCodeTaken), unless_taken(ServiceItem, *ONCE, refusal=ServiceCodeTaken()):
        ServiceItemFactory(code="tea", **place)

    assert ServiceItem.objects.count() == 1


def test_another_constraint_than_the_one_named_stays_an_error(branch: Branch) -> None:
    """A public id that is there twice, a cost below nothing, or a code of the branch where the company's is meant."""
    row = ServiceItemFactory(company=branch.company, branch=branch, code="tea")
    for wrong in ({"public_id": row.public_id}, {"cost": -1}, {"branch": branch, "code": "tea"}):
        with pytest.raises(IntegrityError), unless_taken(ServiceItem, ONCE[0], refusal=DomainError()):
            ServiceItemFactory(company=branch.company, **wrong)


def test_a_name_of_no_constraint_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError), unless_taken(ServiceItem, "service_code_twice", refusal=DomainError()):
        pass
