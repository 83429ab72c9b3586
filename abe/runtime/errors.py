"""What may go wrong with servers, said so that the reader knows what to do."""


class ServicesError(Exception):
    """A server can't be found, started or reached; the message says why and what helps."""
