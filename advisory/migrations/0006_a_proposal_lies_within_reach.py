from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("advisory", "0005_reviews_on_file_reach_as_far_as_their_grade")]

    operations = [
        migrations.RemoveConstraint(model_name="portfolioreview", name="proposal_under_agreement_and_grade"),
        migrations.AddConstraint(
            model_name="portfolioreview",
            constraint=models.CheckConstraint(
                name="proposal_under_agreement_within_reach",
                condition=~Q(outcome="proposal") | (Q(agreement__isnull=False) & ~Q(highest_risk="") & ~Q(answer="")),
            ),
        ),
    ]
