from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0022_a_question_asked_again"),
    ]

    operations = [
        migrations.AddField(
            model_name="questiontoask",
            name="reasons",
            field=models.JSONField(blank=True, default=list, verbose_name="reason"),
        ),
    ]
