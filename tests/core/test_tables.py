"""The tables of a new database: made together, and the same that a database which grew step by step has."""

import pytest
from django.db import connection, migrations, models
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from crm.core.tables import CreateTogether

STEP = CreateTogether(
    [
        migrations.CreateModel(
            "Hen",
            [("id", models.BigAutoField(primary_key=True)), ("egg", models.ForeignKey("farm.egg", models.CASCADE))],
            options={"indexes": [models.Index(fields=["egg"], name="hen_by_egg")]},
        ),
        migrations.CreateModel(
            "Egg",
            [("id", models.BigAutoField(primary_key=True)), ("hen", models.ForeignKey("farm.hen", models.CASCADE))],
        ),
    ]
)


@pytest.mark.django_db(transaction=True)
def test_models_that_name_each_other_are_created_together_and_removed_together():
    before, after = ProjectState(), ProjectState()
    STEP.state_forwards("farm", after)

    with connection.schema_editor() as editor:
        STEP.database_forwards("farm", editor, before, after)
    made = set(connection.introspection.table_names()) & {"farm_hen", "farm_egg"}
    with connection.cursor() as cursor:
        indexes = connection.introspection.get_constraints(cursor, "farm_hen")
    with connection.schema_editor() as editor:
        STEP.database_backwards("farm", editor, after, before)

    assert made == {"farm_hen", "farm_egg"}
    assert "hen_by_egg" in indexes
    assert not set(connection.introspection.table_names()) & made


def test_a_database_that_grew_step_by_step_has_the_same_models():
    def state(*, in_one_step: bool) -> ProjectState:
        loader = MigrationLoader(None, replace_migrations=in_one_step)
        return loader.project_state()

    changes = MigrationAutodetector(state(in_one_step=False), state(in_one_step=True)).changes(
        graph=MigrationLoader(None).graph
    )

    assert changes == {}
