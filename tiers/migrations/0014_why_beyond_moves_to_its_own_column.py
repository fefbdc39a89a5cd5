"""Why a booking went beyond the entitlement leaves the column of why it was cancelled; may run again, and goes back.

Of a cancelled booking the row had lost the first reason; the trail has it. Where it has not, both say what the row said.
"""

from django.db import migrations
from django.db.models import F


def move(apps, schema_editor):
    rows = apps.get_model("tiers", "Booking").objects.filter(is_beyond=True, beyond="")
    rows.exclude(state="cancelled").update(beyond=F("reason"), reason="")
    trail = apps.get_model("core", "AuditEntry").objects.filter(object_type="tiers.booking", action="booking.ask")
    for row in rows.filter(state="cancelled").order_by("pk").iterator():
        asked = trail.filter(object_id=row.public_id).exclude(reason="").order_by("pk").first()
        rows.filter(pk=row.pk).update(beyond=asked.reason[:200] if asked else row.reason)


def move_back(apps, schema_editor):
    rows = apps.get_model("tiers", "Booking").objects.exclude(beyond="")
    rows.exclude(state="cancelled").update(is_beyond=True, reason=F("beyond"))
    rows.filter(state="cancelled").update(is_beyond=True)


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0009_rows_no_longer_in_a_file"),
        ("tiers", "0013_why_a_booking_goes_beyond"),
    ]

    operations = [migrations.RunPython(move, move_back)]
