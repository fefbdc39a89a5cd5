"""What is owed first, from a day on, is not named like what is owed so long after the last time.

Kept on its first day, the next one would have had the same name and was never made.
"""

from django.db import migrations
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat


def rename(old, new):
    def move(apps, _editor):
        rows = apps.get_model("tiers", "Promise").objects.filter(is_rolling=True, event=None)
        # The first one may be kept from the day that names it; every later one from the day after it.
        first = Concat(Value(f"{old}:"), Cast("opens_on", CharField()))
        rows.filter(occurrence_key=first).update(occurrence_key=Concat(Value(f"{new}:"), Cast("opens_on", CharField())))

    return move


class Migration(migrations.Migration):
    dependencies = [("tiers", "0018_nobody_asks_how_many_a_run_made")]

    operations = [migrations.RunPython(rename("after", "from"), rename("from", "after"))]
