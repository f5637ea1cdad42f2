"""Small helpers that know nothing of neurons."""
