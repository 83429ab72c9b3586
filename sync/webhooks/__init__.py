"""Webhooks: events to deliveries (``relay``), deliveries to answers (``sending``), and what people do with both."""
