"""Second phones, second documents and contact persons are searched: each by an index over what stands."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0025_a_question_without_its_one_reason"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="contactperson",
            index=models.Index(
                condition=models.Q(("removed_at", None)), fields=["phone_tail"], name="contact_person_phone_tail"
            ),
        ),
        migrations.AddIndex(
            model_name="contactperson",
            index=models.Index(
                condition=models.Q(("removed_at", None)),
                fields=["name"],
                name="contact_person_name",
                opclasses=["varchar_pattern_ops"],
            ),
        ),
        migrations.AddIndex(
            model_name="contactpoint",
            index=models.Index(
                condition=models.Q(("kind", "phone"), ("removed_at", None)),
                fields=["value_tail"],
                name="contact_point_phone_tail",
            ),
        ),
        migrations.AddIndex(
            model_name="identitydocument",
            index=models.Index(
                condition=models.Q(("removed_at", None)), fields=["number_tail"], name="document_number_tail"
            ),
        ),
    ]
