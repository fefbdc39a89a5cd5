from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("advisory", "0003_portfolio_reviews")]

    operations = [
        migrations.AddField(
            model_name="portfolioreview",
            name="highest_risk",
            field=models.CharField(
                blank=True,
                choices=[
                    ("R1", "R1 low"),
                    ("R2", "R2 medium to low"),
                    ("R3", "R3 medium"),
                    ("R4", "R4 medium to high"),
                    ("R5", "R5 high"),
                ],
                max_length=2,
                verbose_name="highest risk of products then",
            ),
        ),
    ]
