from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("advisory", "0006_a_proposal_lies_within_reach")]

    operations = [
        migrations.AlterModelOptions(
            name="portfolioreview",
            options={
                "default_permissions": ("view", "change"),
                "permissions": [("view_decision", "Can see what clients decide about proposals")],
                "verbose_name": "portfolio review",
                "verbose_name_plural": "portfolio reviews",
            },
        ),
    ]
