"""What is owed first, from a day on, is not named like what is owed so long after the last time.

Kept on its first day, the next one would have had the same name and was never made.
"""

from django.db import migrations
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat


def rename(old, new):
    def move(apps, _editor):
        rows = apps.get_model("tiers", "Promise").objects.filter(is_rolling=True, event=None)
        # The first one may be kept from the day that names it; every later one from the day after it.
        first = Concat(Value(f"{old}:"), Cast("opens_on", CharField()))
        other = Concat(Value(f"{new}:"), Cast(OuterRef("opens_on"), CharField()))
        taken = rows.filter(client=OuterRef("client"), item=OuterRef("item"), occurrence_key=other)
        # On the way back the name may be that of the next one by now; the first then keeps its own.
        free = list(rows.filter(~Exists(taken), occurrence_key=first).values_list("pk", flat=True))
        renamed = rows.filter(pk__in=free)
        renamed.update(occurrence_key=Concat(Value(f"{new}:"), Cast("opens_on", CharField())))

    return move


class Migration(migrations.Migration):
    dependencies = [("tiers", "0018_nobody_asks_how_many_a_run_made")]

    operations = [migrations.RunPython(rename("after", "from"), rename("from", "after"))]
