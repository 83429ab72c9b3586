"""The one way in: decode, validate, resolve, stage, merge, answer."""
