"""That a booking goes beyond the entitlement is told by its reason alone; the other reason is of the cancelled."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tiers", "0014_why_beyond_moves_to_its_own_column")]

    operations = [
        migrations.RemoveField(model_name="booking", name="is_beyond"),
        migrations.AddConstraint(
            model_name="booking",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "cancelled"), _negated=True) | models.Q(("reason", ""), _negated=True),
                name="booking_cancelled_with_reason",
                violation_error_message="Say why.",
            ),
        ),
    ]
