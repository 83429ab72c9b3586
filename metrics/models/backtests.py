"""Backtests of health models: what they were asked, what each month-end held, and who was lost."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.models import Account, HealthBand
from metrics.models.health import HealthModel
from metrics.runs.models import Run


class Backtest(Run):
    """One look at how well a version would have told who leaves or pays less, over month-ends of the past.

    Nothing after ``known_until`` is read. ``windows`` are the days within which an outcome counts. What lies before
    ``cut_on`` may teach the suggested weights, what lies behind judges them. ``seen`` stands for what the version said.
    """

    model = models.ForeignKey(HealthModel, models.CASCADE, related_name="backtests")
    seen = models.CharField(max_length=64)
    first = models.DateField(help_text="The first month-end.")
    last = models.DateField(help_text="The last month-end.")
    known_until = models.DateField()
    cut_on = models.DateField()
    windows = ArrayField(models.PositiveSmallIntegerField())
    seed = models.PositiveIntegerField()

    class Meta(Run.Meta):
        # One more than every run has.
        constraints = (  # type: ignore[assignment]
            *Run.Meta.constraints,
            models.CheckConstraint(
                name="metrics_backtest_in_order",
                condition=Q(first__lte=F("last")) & Q(last__lte=F("known_until")),
            ),
        )

    def __str__(self) -> str:
        return f"Backtest of {self.model}"


class BacktestPart(models.Model):
    """What one month-end holds of a slice of accounts, packed as arrays; gone once the run has ended."""

    run = models.ForeignKey(Backtest, models.CASCADE, related_name="parts", db_index=False)
    as_of = models.DateField()
    first = models.BigIntegerField(help_text="First account id of the slice.")
    rows = models.IntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="metrics_backtestpart_one", fields=("run", "as_of", "first")),
        )

    def __str__(self) -> str:
        return f"{self.as_of} from {self.first}"


class BacktestLoss(models.Model):
    """An account that stopped paying, and what its health had said before.

    ``last_on`` is the last month-end with revenue and ``gone_on`` the first without; ``band`` and ``score`` are those
    of ``last_on``. ``red_on`` is the first month-end in red of the year before ``gone_on``.
    """

    run = models.ForeignKey(Backtest, models.CASCADE, related_name="losses", db_index=False)
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    last_on = models.DateField()
    gone_on = models.DateField()
    arr = models.DecimalField(max_digits=24, decimal_places=2)
    score = models.DecimalField(max_digits=5, decimal_places=1, null=True)
    band = models.CharField(max_length=8, choices=HealthBand)
    red_on = models.DateField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="metrics_backtestloss_one", fields=("run", "account", "gone_on")),
        )

    def __str__(self) -> str:
        return f"{self.account_id}, gone on {self.gone_on}"

    @property
    def lead_days(self) -> int | None:
        """Days from the first red month-end to the loss; None where there was none."""
        return None if self.red_on is None else (self.gone_on - self.red_on).days
