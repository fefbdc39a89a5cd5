"""When a booking took its last step, and when a promise was waived or put off; not known of those before."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tiers", "0016_a_cadence_of_a_day_to_two_years")]

    operations = [
        migrations.AddField(
            model_name="booking",
            name="settled_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="settled at"),
        ),
        migrations.AddField(
            model_name="promise",
            name="decided_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="decided at"),
        ),
    ]
