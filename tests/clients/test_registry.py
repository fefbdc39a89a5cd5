"""Rows that belong to a client are named by the apps they live in."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import models

from clients.models import Client
from clients.registry import ClientBound, bound
from crm.core.models import Branch
from tests.factories.clients import ContactLogFactory

APPS = ("clients", "tiers", "advisory", "complaints", "care")


def with_a_way_to_clients() -> set[str]:
    return {
        model._meta.label
        for label in APPS
        for model in apps.get_app_config(label).get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and field.related_model is Client
    }


@pytest.mark.parametrize("label", APPS)
def test_every_model_with_a_way_to_a_client_is_named(label: str) -> None:
    named = {kind.model.lower() for kind in bound()}
    ways = {name for name in with_a_way_to_clients() if name.startswith(f"{label}.")}

    assert {name for name in ways if name.lower() not in named} == set()


def test_every_name_leads_to_a_client() -> None:
    for kind in bound():
        field = apps.get_model(kind.model)._meta.get_field(kind.path.split("__")[0])
        assert field.is_relation


def test_the_rows_of_one_client_are_his(branch: Branch) -> None:
    mine, _other = ContactLogFactory(client__branch=branch), ContactLogFactory(client__branch=branch)

    assert list(ClientBound("clients.ContactLog").rows(mine.client_id)) == [mine]
