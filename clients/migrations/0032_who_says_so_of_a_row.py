from datetime import date
from zoneinfo import ZoneInfo

from django.db import migrations, models
from django.db.models.functions import TruncDate

KINDS = ("contactperson", "contactpoint", "financingneed", "identitydocument", "relation")
SOURCES = [("client", "Client"), ("staff", "Staff"), ("system", "System"), ("import", "Import")]
#: What a row holds between the two steps; no row was made on this day.
UNFILLED = date(1900, 1, 1)


def fill(apps, schema_editor):
    """Until now staff put every row on file, and said it on the day of the branch on which the row was made."""
    made_on = TruncDate("created_at", tzinfo=ZoneInfo("Asia/Shanghai"))
    for kind in KINDS:
        apps.get_model("clients", kind)._base_manager.filter(as_of=UNFILLED).update(as_of=made_on)


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0031_a_purpose_has_its_code_once"),
    ]

    operations = [
        *(
            migrations.AddField(
                model_name=kind,
                name="source",
                field=models.CharField(choices=SOURCES, default="staff", max_length=6, verbose_name="source"),
            )
            for kind in KINDS
        ),
        *(
            migrations.AddField(
                model_name=kind,
                name="as_of",
                field=models.DateField(default=UNFILLED, verbose_name="as of"),
                preserve_default=False,
            )
            for kind in KINDS
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        *(
            migrations.AddConstraint(
                model_name=kind,
                constraint=models.CheckConstraint(
                    condition=models.Q(
                        ("as_of__gte", date(1900, 1, 1)), ("source__in", ["client", "staff", "system", "import"])
                    ),
                    name=f"{kind}_says_who_and_since_when",
                    violation_error_message="Say who says so, and since when.",
                ),
            )
            for kind in KINDS
        ),
    ]
