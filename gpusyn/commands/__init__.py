"""The command line, `gpusyn ...`, with one module per command."""
