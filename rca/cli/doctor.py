"""``rca doctor``: what is wrong with the set-up."""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import rca
from rca import display
from rca.cli.outcome import Outcome
from rca.errors import RcaError

__all__ = ["HELP", "add_arguments", "run"]

HELP = "say what is wrong with the set-up, and how to mend it"

_CORE = (
    "duckdb",
    "polars",
    "pyarrow",
    "numpy",
    "scipy",
    "altair",
    "vl-convert-python",
    "orjson",
    "msgspec",
    "rich",
)
_EXTRAS = {"protobuf": "opentelemetry.proto", "notebook": "jupyterlab", "pg": "pglast"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command: none."""


def run(options: argparse.Namespace) -> Outcome:  # noqa: ARG001
    """Check the set-up; exit code 1 where something is broken."""
    rows = list(_checks())
    broken = [row for row in rows if row["state"] == "broken"]
    document = {"checks": rows, "broken": len(broken)}
    return Outcome(document=document, text=display.table_text(rows), code=1 if broken else 0)


def _row(check: str, state: str, what: str) -> dict[str, str]:
    return {"check": check, "state": state, "what": what}


def _checks() -> Iterator[dict[str, str]]:
    enough = sys.version_info >= (3, 11)
    yield _row(
        "python",
        "ok" if enough else "broken",
        f"{platform.python_version()}" + ("" if enough else ": 3.11 or newer is needed"),
    )
    for name in _CORE:
        yield _package(name)
    for extra, module in _EXTRAS.items():
        found = _importable(module)
        yield _row(
            f"extra {extra}",
            "ok" if found else "absent",
            "installed" if found else f'optional; pip install "rca[{extra}]"',
        )
    yield _try("store", _store_works)
    yield _try("figures", _figures_work)
    free = shutil.disk_usage(tempfile.gettempdir()).free >> 30
    yield _row("disk", "ok" if free >= 2 else "broken", f"{free} GiB free in {tempfile.gettempdir()}")
    yield _row("cores", "ok", str(os.cpu_count() or 1))


def _importable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _package(name: str) -> dict[str, str]:
    try:
        return _row(name, "ok", version(name))
    except PackageNotFoundError:
        return _row(name, "broken", f"not installed; pip install {name}")


def _try(name: str, check: Callable[[], str]) -> dict[str, str]:
    try:
        return _row(name, "ok", check())
    except (RcaError, ImportError, OSError, RuntimeError, ValueError) as error:
        return _row(name, "broken", f"{type(error).__name__}: {error}")


def _store_works() -> str:
    with tempfile.TemporaryDirectory() as folder, rca.open(Path(folder) / "doctor.duckdb") as store:
        return f"{len(store.tables())} tables made and read"


def _figures_work() -> str:
    import vl_convert as vlc

    empty = {"data": {"values": [{"a": 1}]}, "mark": "point", "encoding": {"x": {"field": "a", "type": "quantitative"}}}
    return f"drawn without a network, {len(vlc.vegalite_to_png(empty)):,} bytes of PNG"
