from django.db import migrations, models


class Migration(migrations.Migration):
    """Columns with a constant default: no row is rewritten, however many there are."""

    dependencies = [
        ("support", "0021_escalations_again"),
    ]

    operations = [
        migrations.AddField(
            model_name="ticketevent",
            name="author_email",
            field=models.CharField(blank=True, db_default="", default="", max_length=254),
        ),
        migrations.AddField(
            model_name="ticketevent",
            name="body",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AddField(
            model_name="ticketevent",
            name="echo_of",
            field=models.CharField(blank=True, db_default="", default="", max_length=255),
        ),
    ]
