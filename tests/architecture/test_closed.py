"""Access fails closed: every row that has a name starts at ``visible_to``, and a stranger sees none of it."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model

from tests.factories.core import UserFactory
from tests.plugins.services import unsigned

APPS = ("core", "clients", "tiers", "advisory", "complaints", "care")
#: Every model whose rows can be had without asking who wants them, and why that is right. Reviewed one by one.
WITHOUT = {
    "core.auditseal": "hashes of the trail; says nothing of what they seal",
    "core.idempotencykey": "asked by the user's own key alone, inside ``once``",
    "core.signincounter": "counts of refused sign-ins by digest, before anybody is somebody",
    "core.exportfile": "sealed bytes, through the export that was asked for",
    "core.importfile": "sealed bytes, through the batch",
    "core.importrow": "through its batch, which is asked first",
    "core.heartbeat": "when sweeps ran; no row of the trade",
    "core.company": "the one firm; named on every page",
    "core.role": "the table of roles, the same for everybody",
    "core.policykey": "names and units of figures; their values are asked",
    "core.user_groups": "Django's table of who is in which group, behind User",
    "core.user_user_permissions": "Django's table of rights by hand, which nobody is given",
    "clients.clientteammember": "what ``client_q`` itself is made of; shown through the client",
    "clients.segment_pinned_by": "whose list has a segment at its top, through the segment",
    "clients.savedview_pinned_by": "whose list has a view at its top, through the view",
    "clients.tagrun": "that a branch's night was computed; read by sweeps alone",
    "tiers.serviceedition": "through its service, which is asked first",
    "tiers.programme_authors": "who wrote a draft, through the programme",
    "tiers.ratereview": "that a tier change was looked at; read by sweeps alone",
    "tiers.leakreview": "which review of a branch is the newest; its leaks are asked",
    "tiers.menuentry": "through its preference segment, which is asked first",
    "tiers.simulatedturnover": "amounts of a sheet without a name, through the simulation",
    "tiers.publication_segments": "on whose menus a publication stands, through the publication",
    "tiers.planstepmark": "through its step, which is asked first",
    "tiers.promiserun": "how far a branch's promises are made; read by sweeps alone",
    "advisory.reviewline": "through its review, which is asked first",
    "advisory.reviewanswer": "through its review, which is asked first",
    "advisory.reviewrun": "how far a branch's reviews are planned; read by sweeps alone",
    "care.scriptquestion": "the questions of the house, the same for every call",
    "care.callanswer": "through its follow-up call and only for whom ``answers_open_to`` lets",
    "care.surveyanswer": "through its invitation, which is asked first",
}


def models() -> list[type[Model]]:
    """Every model of the product, tables between two others included."""
    return [model for app in APPS for model in apps.get_app_config(app).get_models(include_auto_created=True)]


def named_models() -> list[type[Model]]:
    """Models whose rows are cut to what one may see."""
    return [model for model in models() if model._meta.label_lower not in WITHOUT]


def open_models(models: list[type[Model]]) -> list[str]:
    """Models whose rows can be had without asking who wants them."""
    return [model._meta.label_lower for model in models if not hasattr(model._default_manager.all(), "visible_to")]


@pytest.mark.nodb
def test_every_model_is_cut_to_what_one_may_see_or_stands_in_the_reviewed_list():
    assert sorted(open_models(models())) == sorted(WITHOUT)


@pytest.mark.nodb
def test_a_model_without_the_cut_would_be_found():
    from crm.core.models import Company

    assert open_models([Company]) == ["core.company"]


@pytest.mark.django_db
@pytest.mark.parametrize("model", named_models(), ids=lambda model: model._meta.label_lower)
def test_a_stranger_and_somebody_without_place_or_role_see_nothing(model):
    nobody = UserFactory(branch=None)
    rows = model._default_manager

    assert not rows.visible_to(AnonymousUser()).exists()
    # What is public inside the house (company figures, the calendar), and oneself, needs no role.
    if model._meta.label_lower not in (
        *("core.policy", "core.user", "core.region", "core.department", "core.calendarday"),
        *("tiers.programme", "tiers.tier"),
    ):
        assert not rows.visible_to(nobody).exists()


@pytest.mark.nodb
def test_a_service_that_never_ran_or_left_no_entry_would_be_found():
    assert unsigned({"a.b": [1, 1], "c.d": [0, 0], "e.f": [2, 0]}) == ["c.d: never ran", "e.f: left no audit entry"]
