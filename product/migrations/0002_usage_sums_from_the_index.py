"""Let sums over an account's days be read from an index alone; nothing reads days of all accounts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("product", "0001_initial")]
    operations = [
        migrations.RemoveIndex(model_name="usageuserday", name="product_usageuserday_day"),
        migrations.AddIndex(
            model_name="usageuserday",
            index=models.Index(
                fields=["account", "day"], include=("user", "events"), name="product_usageuserday_sums"
            ),
        ),
    ]
