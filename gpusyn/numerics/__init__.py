"""Numbers with the same bits on every machine: portable math and random words."""
