from django.db import migrations


def fill_highest_risk(apps, schema_editor):
    """Only rows still undone. C1 reached R1, and so on to C5: what ``suitability.match`` has said since there are reviews."""
    rows = apps.get_model("advisory", "PortfolioReview").objects.filter(state="done", highest_risk="")
    for step in "12345":
        rows.filter(risk_grade=f"C{step}").update(highest_risk=f"R{step}")


class Migration(migrations.Migration):
    dependencies = [("advisory", "0004_how_far_a_recommendation_could_go")]

    operations = [migrations.RunPython(fill_highest_risk, migrations.RunPython.noop)]
