"""The sample company: its data, its source systems' exports, and the client that loads them over the API."""
