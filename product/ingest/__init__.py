"""Events as tracking sends them: Segment's HTTP API and CloudEvents, into the one pipeline."""
