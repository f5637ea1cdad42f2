"""Rows of numbers (values.json), the experiments that measure them, and the page that lists them (table.py)."""
