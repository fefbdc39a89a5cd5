from django.db import migrations


def fill(apps, schema_editor):
    """What is on file is a sentence already; it stays as it was said."""
    questions = apps.get_model("clients", "QuestionToAsk").objects
    for row in questions.exclude(reason="").filter(reasons=[]).iterator():
        row.reasons = [{"words": row.reason}]
        row.save(update_fields=["reasons"])


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0023_reasons_of_a_question"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
