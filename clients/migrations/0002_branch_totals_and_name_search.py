"""Totals of a branch's day, and on PostgreSQL the indexes that a search by name and pinyin needs."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

import crm.core.fields

#: A GIN index over the grams serves one and two characters, where trigrams cannot (performance study); prefixes of pinyin
#: need the pattern operators in every locale but C. SQLite searches within the branch and needs none of them.
INDEXES = {
    "client_name_grams": "USING gin (string_to_array(name_grams, ' '))",
    "client_pinyin_prefix": "USING btree (branch_id, pinyin text_pattern_ops, id)",
    "client_initials_prefix": "USING btree (initials text_pattern_ops)",
}


def create_indexes(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for name, definition in INDEXES.items():
            schema_editor.execute(f"CREATE INDEX IF NOT EXISTS {name} ON clients_client {definition}")


def drop_indexes(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for name in INDEXES:
            schema_editor.execute(f"DROP INDEX IF EXISTS {name}")


class Migration(migrations.Migration):
    dependencies = [("clients", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="BranchDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "branch_id", "day", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("day", models.DateField(verbose_name="day")),
                ("clients", models.PositiveIntegerField()),
                ("net_assets", crm.core.fields.MoneyField(verbose_name="net assets")),
                ("inflow", crm.core.fields.MoneyField(verbose_name="inflow")),
                ("outflow", crm.core.fields.MoneyField(verbose_name="outflow")),
                ("turnover", crm.core.fields.MoneyField(verbose_name="turnover")),
                ("commission", crm.core.fields.MoneyField(verbose_name="commission")),
                (
                    "branch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.branch",
                    ),
                ),
            ],
            options={
                "verbose_name": "branch totals of a day",
                "verbose_name_plural": "branch totals of days",
                "default_permissions": (),
            },
        ),
        migrations.RunPython(create_indexes, drop_indexes),
    ]
