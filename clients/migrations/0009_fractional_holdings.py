"""Quantities of holdings as ten-thousandths of a share, so that fund shares keep their places.

The column stays a bigint and what lies in it is multiplied in the same transaction: between two files a reader would see
either meaning. Backwards the places are cut off.
"""

from django.db import migrations, models

import crm.core.fields


class Migration(migrations.Migration):
    dependencies = [("clients", "0008_profile_rows")]

    operations = [
        migrations.AddField(
            model_name="holding",
            name="security_kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("stock", "Stocks"),
                    ("bond", "Bonds"),
                    ("fund", "Funds"),
                    ("derivatives", "Futures and options"),
                    ("wealth", "Wealth products"),
                    ("other", "Other securities"),
                ],
                default="",
                max_length=12,
                verbose_name="kind of security",
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="holding",
            name="quantity",
            field=crm.core.fields.QuantityField(
                help_text="Shares, bonds or units of funds; funds have up to four places.", verbose_name="quantity"
            ),
        ),
        migrations.RunSQL(
            "UPDATE clients_holding SET quantity = quantity * 10000",
            "UPDATE clients_holding SET quantity = quantity / 10000",
        ),
    ]
