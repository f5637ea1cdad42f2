"""The command line, `gpusyn ...`: one module per command."""
