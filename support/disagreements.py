"""Where a good score contradicts the help desk."""

from metrics.health.disagreement import Disagreement, disagreements
from metrics.health.expected import at_least, band

disagreements.register(
    Disagreement(
        key="support.green_but_escalated",
        label="Green, but escalated",
        told="The score is green, and tickets of the account were escalated in the last 90 days.",
        remedy="Look at the escalations: a model that doesn’t weigh them can’t see what hurts here.",
        condition=band("green", at_least("support.escalations_90d", 1)),
    )
)
disagreements.register(
    Disagreement(
        key="support.green_but_late",
        label="Green, but urgent tickets late",
        told="The score is green, and urgent tickets wait beyond their time.",
        remedy="Answer them first; then ask why the score doesn’t show it.",
        condition=band("green", at_least("support.late_urgent_tickets", 1)),
    )
)
