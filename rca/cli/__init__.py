"""The command line: ``rca COMMAND``, each command one file, all with ``--json`` and ``--help``."""

from __future__ import annotations

from rca.cli.main import main

__all__ = ["main"]
