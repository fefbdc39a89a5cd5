from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0024_fill_reasons_of_a_question"),
    ]

    operations = [
        migrations.RemoveField(model_name="questiontoask", name="reason"),
    ]
