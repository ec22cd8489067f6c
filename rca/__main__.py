"""``python -m rca`` is ``rca``."""

from __future__ import annotations

import sys

from rca.cli import main

if __name__ == "__main__":
    sys.exit(main())
