"""What customers may use."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from product.querysets import EntitledFeatureQuerySet
from sync.models import SyncedModel


class EntitledFeature(SyncedModel):
    """A feature that an account may use from ``start_on`` to before ``end_on``; billing or licensing owns it.

    ``feature`` is the word by which usage events name it.
    """

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+", db_index=False)
    feature = models.CharField(max_length=255)
    start_on = models.DateField()
    end_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = EntitledFeatureQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="product_entitledfeature_ends_after_start",
                condition=Q(end_on=None) | Q(end_on__gt=F("start_on")),
            ),
        )
        indexes = (models.Index(name="product_entitledfeature_of", fields=("account", "feature")),)

    def __str__(self) -> str:
        return self.feature
