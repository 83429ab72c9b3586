"""OAuth 2 client credentials: a client id and secret for a token that lasts an hour."""
