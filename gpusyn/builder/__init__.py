"""Compilation of a described network to the arrays and launches that a backend runs."""
