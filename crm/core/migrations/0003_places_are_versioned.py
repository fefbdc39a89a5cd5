"""Company, regions, branches and departments are edited in the browser: each save is a new version."""

import django.utils.timezone
from django.db import migrations, models

PLACES = ("company", "region", "branch", "department")


class Migration(migrations.Migration):
    dependencies = [("core", "0002_append_only")]

    operations = [
        operation
        for name in PLACES
        for operation in (
            migrations.AddField(
                model_name=name,
                name="version",
                field=models.PositiveIntegerField(default=1, editable=False, verbose_name="version"),
            ),
            migrations.AddField(
                model_name=name,
                name="updated_at",
                field=models.DateTimeField(
                    auto_now=True, default=django.utils.timezone.now, verbose_name="last changed"
                ),
                preserve_default=False,
            ),
        )
    ]
