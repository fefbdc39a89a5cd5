"""How long clients of a tier may go without a contact has one longest time, whichever door it came by."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tiers", "0015_a_booking_gives_one_reason")]

    operations = [
        migrations.RemoveConstraint(model_name="contactcadence", name="cadence_is_at_least_a_day"),
        migrations.AddConstraint(
            model_name="contactcadence",
            constraint=models.CheckConstraint(
                condition=models.Q(("days", None), models.Q(("days__gte", 1), ("days__lte", 730)), _connector="OR"),
                name="cadence_from_a_day_to_two_years",
                violation_error_message="One day to two years lie between two contacts.",
            ),
        ),
    ]
