"""An attempt at which somebody else answered; only the words of the choice change, no row does."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("care", "0005_needs_asked_again_after_a_finding"),
    ]

    operations = [
        migrations.AlterField(
            model_name="callattempt",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("reached", "Reached"),
                    ("no_answer", "No answer"),
                    ("refused", "Did not want to talk"),
                    ("wrong_number", "Wrong number"),
                    ("not_client", "Somebody else answered"),
                    ("written", "Written to"),
                ],
                max_length=14,
                verbose_name="outcome",
            ),
        ),
    ]
