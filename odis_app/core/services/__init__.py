"""What the product needs around it: an embedded PostgreSQL and Redis, their roles and secrets, and the process tree."""
