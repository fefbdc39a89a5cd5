from django.db import migrations

from crm.core.public_ids import new_public_id


def name_steps(apps, schema_editor):
    """Only rows still undone."""
    steps = apps.get_model("tiers", "PlanStep")
    for pk in list(steps.objects.filter(public_id=None).order_by("pk").values_list("pk", flat=True)):
        steps.objects.filter(pk=pk).update(public_id=new_public_id())


class Migration(migrations.Migration):
    dependencies = [("tiers", "0027_steps_that_people_can_name")]

    operations = [migrations.RunPython(name_steps, migrations.RunPython.noop)]
