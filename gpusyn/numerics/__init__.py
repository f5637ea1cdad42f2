"""Numbers that have the same bits everywhere: portable math and random words."""
