"""Small helpers that are independent of neurons."""
