from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("people", "0007_absences_and_skills")]

    # No column is written to rows that are there, and what is checked is checked later: all of it is done at once.
    operations = [
        migrations.AddField(
            model_name="notice",
            name="is_to_send",
            field=models.BooleanField(
                default=True,
                db_default=True,
                help_text="Whether it goes out too, or whoever it is for wants no mail of it.",
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="read_at",
            field=models.DateTimeField(
                null=True, help_text="When the person opened it in the app or put it away."
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="over_at",
            field=models.DateTimeField(
                null=True, help_text="Since when it asks nothing of anybody any more."
            ),
        ),
        AddConstraintNotValid(
            model_name="notice",
            constraint=models.CheckConstraint(
                name="people_notice_app_is_for_people",
                condition=Q(channel=None) | Q(is_to_send=True, read_at=None, over_at=None),
            ),
        ),
    ]
