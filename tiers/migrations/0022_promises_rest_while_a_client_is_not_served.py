"""Since when promises rest for a client, and since when they run again: nothing is owed for the time between."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tiers", "0021_a_promise_ends_with_what_it_was_counted_from"),
    ]

    operations = [
        migrations.AddField(
            model_name="tierstate",
            name="rests_since",
            field=models.DateField(blank=True, editable=False, null=True, verbose_name="promises rest since"),
        ),
        migrations.AddField(
            model_name="tierstate",
            name="served_since",
            field=models.DateField(blank=True, editable=False, null=True, verbose_name="promises run again since"),
        ),
    ]
