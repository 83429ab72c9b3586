"""The pages on what came in, for RevOps."""
