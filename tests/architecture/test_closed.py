"""Access fails closed: every row that has a name starts at ``visible_to``, and a stranger sees none of it."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser

from crm.core.models import PublicModel
from tests.factories.core import UserFactory
from tests.plugins.services import unsigned

APPS = ("core", "clients", "tiers", "advisory", "complaints", "care")
#: Rows that are only ever reached through another row's own set, or that say nothing about anybody.
THROUGH_ANOTHER = {
    "core.company": "the one firm; named on every page",
    "core.region": "a name in the tree of places",
    "care.callattempt": "through its follow-up call",
    "tiers.tier": "through its programme",
}


def named_models() -> list[type[PublicModel]]:
    return [
        model
        for app in APPS
        for model in apps.get_app_config(app).get_models()
        if issubclass(model, PublicModel) and model._meta.label_lower not in THROUGH_ANOTHER
    ]


def open_models(models: list[type]) -> list[str]:
    """Models whose rows can be had without asking who wants them."""
    return [model.__name__ for model in models if not hasattr(model._default_manager.all(), "visible_to")]


@pytest.mark.nodb
def test_every_row_with_a_name_can_be_cut_to_what_one_may_see():
    assert open_models(named_models()) == []


@pytest.mark.nodb
def test_a_model_without_the_cut_would_be_found():
    from crm.core.models import Company

    assert open_models([Company]) == ["Company"]


@pytest.mark.django_db
@pytest.mark.parametrize("model", named_models(), ids=lambda model: model._meta.label_lower)
def test_a_stranger_and_somebody_without_place_or_role_see_nothing(model):
    nobody = UserFactory(branch=None)
    rows = model._default_manager

    assert not rows.visible_to(AnonymousUser()).exists()
    # What is public inside the house (company figures), and oneself, needs no role.
    if model._meta.label_lower not in ("core.policy", "core.user", "tiers.programme", "core.department"):
        assert not rows.visible_to(nobody).exists()


@pytest.mark.nodb
def test_a_service_that_never_ran_or_left_no_entry_would_be_found():
    assert unsigned({"a.b": [1, 1], "c.d": [0, 0], "e.f": [2, 0]}) == ["c.d: never ran", "e.f: left no audit entry"]
