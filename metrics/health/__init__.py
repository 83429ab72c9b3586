"""The health score: recipes, scoring and the explanation of a change."""
