import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tiers", "0026_service_plans")]

    operations = [
        migrations.AddField(
            model_name="planstep",
            name="public_id",
            field=models.CharField(editable=False, max_length=26, null=True),
        ),
        migrations.AddField(
            model_name="planstep",
            name="updated_at",
            field=models.DateTimeField(auto_now=True, default=django.utils.timezone.now, verbose_name="last changed"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="planstep",
            name="version",
            field=models.PositiveIntegerField(default=1, editable=False, verbose_name="version"),
        ),
    ]
