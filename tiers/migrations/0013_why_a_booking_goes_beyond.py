"""A column of its own for why a booking goes beyond the entitlement."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tiers", "0012_market_events")]

    operations = [
        migrations.RemoveConstraint(model_name="booking", name="booking_cancelled_or_beyond_with_reason"),
        migrations.AddField(
            model_name="booking",
            name="beyond",
            field=models.CharField(blank=True, max_length=200, verbose_name="why beyond the entitlement"),
        ),
    ]
