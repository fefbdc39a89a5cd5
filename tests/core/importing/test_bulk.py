"""Many rows written at once, as callers do it who have begun no transaction of their own."""

from __future__ import annotations

import pytest
from django.db import IntegrityError

from clients.models import Client
from crm.core.importing import bulk
from tests.factories.clients import ClientFactory


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("count", [3, 40])
def test_rows_are_updated_by_whoever_has_begun_no_transaction(branch, count):
    clients = [ClientFactory(branch=branch, city="上海") for _number in range(count)]

    hit = bulk.update(Client, ("id",), ("city",), ((client.pk, "苏州") for client in clients))

    assert hit == count
    assert Client.objects.filter(city="苏州").count() == count


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("count", [3, 40])
def test_all_rows_are_updated_or_none(branch, count):
    clients = [ClientFactory(branch=branch) for _number in range(count)]
    known = [client.external_id for client in clients]
    taken = [(client.pk, "9999") for client in clients]

    with pytest.raises(IntegrityError):
        bulk.update(Client, ("id",), ("external_id",), [*((pk, f"new-{pk}") for pk, _new in taken[:-2]), *taken[-2:]])

    assert list(Client.objects.order_by("pk").values_list("external_id", flat=True)) == known
