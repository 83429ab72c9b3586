"""Where a good score contradicts the money."""

from metrics.health.disagreement import Disagreement, disagreements
from metrics.health.expected import at_least, at_most, band

SHRUNK = -0.05
LATE_DAYS = 60

disagreements.register(
    Disagreement(
        key="finance.green_but_shrinking",
        label="Green, but ARR fell",
        told="The score is green, and ARR fell by 5% or more in 90 days.",
        remedy="Ask what they gave up and why; usage alone doesn’t tell.",
        condition=band("green", at_most("finance.arr_change_90d", SHRUNK)),
    )
)
disagreements.register(
    Disagreement(
        key="finance.green_but_unpaid",
        label="Green, but unpaid",
        told="The score is green, and an invoice is 60 days late or more.",
        remedy="Find out whether they can’t pay or won’t, before the renewal does.",
        condition=band("green", at_least("finance.most_days_late", LATE_DAYS)),
    )
)
