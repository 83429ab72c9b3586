"""Where a bad score contradicts the deals."""

from metrics.health.disagreement import Disagreement, disagreements
from metrics.health.expected import at_least, band

disagreements.register(
    Disagreement(
        key="engagement.red_but_renewed",
        label="Red, but renewed",
        told="The score is red, and a renewal was won in the last 90 days.",
        remedy="Ask who decided it and why: the score may be blind here, or the renewal was the last one.",
        condition=band("red", at_least("engagement.renewals_won_90d", 1)),
    )
)
