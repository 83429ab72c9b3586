"""Where what people say contradicts the score."""

from metrics.health.disagreement import Disagreement, disagreements
from metrics.health.expected import band, one_of

disagreements.register(
    Disagreement(
        key="metrics.green_but_seen_badly",
        label="Green, but seen badly",
        told="The score is green, and somebody who knows the account sees it negatively.",
        remedy="Read the reason. Either the model misses what they know, or the judgement is old: say it anew.",
        condition=band("green", one_of("metrics.sentiment", "very_negative", "negative")),
    )
)
disagreements.register(
    Disagreement(
        key="metrics.red_but_seen_well",
        label="Red, but seen well",
        told="The score is red, and somebody who knows the account sees it positively.",
        remedy="Read the reason, then look at what the score lacks: it may rest on inputs that don’t fit the account.",
        condition=band("red", one_of("metrics.sentiment", "very_positive", "positive")),
    )
)
