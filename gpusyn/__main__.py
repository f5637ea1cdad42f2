"""`python -m gpusyn`: the command line."""

import sys

from gpusyn.commands.cli import main

if __name__ == "__main__":
    sys.exit(main())
