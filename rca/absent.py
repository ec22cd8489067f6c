"""Packages that a command does without, though they are installed."""

from __future__ import annotations

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

__all__ = ["leave_out"]


class _Absent(MetaPathFinder, Loader):
    """Finds one package, and fails to load it as if it were not there."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname == self._package else None

    def exec_module(self, module: ModuleType) -> None:
        raise ModuleNotFoundError(f"{module.__name__} is left out of this process", name=module.__name__)


def leave_out(package: str) -> None:
    """Have a package count as absent in this process, unless it was imported before.

    pyarrow and DuckDB import pandas to ask whether a value is one of its own: a fifth of a short command, for nothing.
    """
    if package not in sys.modules:
        sys.meta_path.insert(0, _Absent(package))
