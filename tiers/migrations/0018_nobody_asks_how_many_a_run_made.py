"""How many promises a run made stands in the trail; nobody read it here."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tiers", "0017_when_it_was_decided")]

    operations = [migrations.RemoveField(model_name="promiserun", name="made")]
