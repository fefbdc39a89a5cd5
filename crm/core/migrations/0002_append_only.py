"""Triggers that make the audit tables append-only, on both engines."""

from typing import Any

from django.db import migrations

from crm.core import append_only


def install(apps: Any, schema_editor: Any) -> None:
    append_only.install(schema_editor.connection.alias)


def remove(apps: Any, schema_editor: Any) -> None:
    append_only.remove(schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
