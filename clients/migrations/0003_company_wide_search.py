"""Indexes for those who search and sort the whole company, not one branch."""

from typing import Any

from django.conf import settings
from django.db import migrations, models


def narrow_to_pinyin(apps: Any, schema_editor: Any) -> None:
    """The prefix index without the branch: PostgreSQL combines it with the branch's own where there is one."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX IF EXISTS client_pinyin_prefix")
        schema_editor.execute("CREATE INDEX client_pinyin_prefix ON clients_client (pinyin text_pattern_ops)")


def widen_to_branch(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX IF EXISTS client_pinyin_prefix")
        schema_editor.execute(
            "CREATE INDEX client_pinyin_prefix ON clients_client (branch_id, pinyin text_pattern_ops, id)"
        )


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0002_branch_totals_and_name_search"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex("client", models.Index(fields=["external_id"], name="client_number")),
        migrations.AddIndex("client", models.Index(fields=["pinyin", "id"], name="client_pinyin")),
        migrations.RunPython(narrow_to_pinyin, widen_to_branch),
    ]
