"""Corrections made before files could be attached learn which wording was the first; may run again, goes back as nothing."""

from django.db import migrations


def name_first_wordings(apps, schema_editor):
    ContactLog = apps.get_model("clients", "ContactLog")
    rows = ContactLog.objects.filter(first_ref="").exclude(corrects=None).order_by("pk")
    for row in rows.iterator():
        # The corrected row is older: it has been filled in before this one.
        old = ContactLog.objects.only("public_id", "first_ref").get(pk=row.corrects_id)
        ContactLog.objects.filter(pk=row.pk).update(first_ref=old.first_ref or old.public_id)


class Migration(migrations.Migration):
    dependencies = [("clients", "0013_contact_details")]

    operations = [migrations.RunPython(name_first_wordings, migrations.RunPython.noop)]
