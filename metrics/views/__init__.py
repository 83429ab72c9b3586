"""Pages about numbers: what they mean, and the refreshes that make them."""
