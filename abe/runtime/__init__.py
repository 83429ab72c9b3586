"""PostgreSQL and Valkey without set-up: where they live, how they start, who stops them."""
