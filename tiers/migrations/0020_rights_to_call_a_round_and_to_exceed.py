"""To call out a round and to book beyond the entitlement are rights of their own."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tiers", "0019_the_first_of_a_row_has_a_name_of_its_own")]

    operations = [
        migrations.AlterModelOptions(
            name="booking",
            options={
                "default_permissions": ("view", "add", "change"),
                "permissions": [("exceed_booking", "Can book beyond the entitlement")],
                "verbose_name": "booking",
                "verbose_name_plural": "bookings",
            },
        ),
        migrations.AlterModelOptions(
            name="marketevent",
            options={
                "default_permissions": ("add",),
                "verbose_name": "market event",
                "verbose_name_plural": "market events",
            },
        ),
    ]
