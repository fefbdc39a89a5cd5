"""Reasons for asking again that were on file as one sentence stay as they were said."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from clients.models import QuestionToAsk
from tests.factories.clients import ClientFactory
from tests.factories.core import BranchFactory, UserFactory

_FILL = "0024_fill_reasons_of_a_question"


@pytest.mark.django_db(transaction=True)
def test_a_sentence_that_is_on_file_becomes_the_words_of_a_reason_and_twice_is_once() -> None:
    client = ClientFactory(branch=BranchFactory())
    row = QuestionToAsk.objects.create(
        client=client, item="needs", asked_for_by=UserFactory(), asked_for_at=timezone.now()
    )
    apps = MigrationLoader(None, replace_migrations=False).project_state(("clients", _FILL)).apps
    then = apps.get_model("clients", "QuestionToAsk")
    column = then._meta.get_field("reason")
    fill = import_module(f"clients.migrations.{_FILL}").fill

    with connection.schema_editor() as editor:
        editor.add_field(then, column)
    try:
        then.objects.update(reason="目标变了")
        fill(apps, None)
        fill(apps, None)
    finally:
        with connection.schema_editor() as editor:
            editor.remove_field(then, column)

    assert QuestionToAsk.objects.get(pk=row.pk).reasons == [{"words": "目标变了"}]
