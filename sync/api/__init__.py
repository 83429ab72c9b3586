"""The REST API over the declared resources."""
