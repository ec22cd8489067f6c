"""Addresses of stores that are no DuckDB file: Parquet files, ``clickhouse://…``, ``sc://…``; their options and secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa

from rca.engines import Engine
from rca.engines.parquet import ParquetEngine, parquet_files
from rca.engines.scope import Scope
from rca.errors import EngineError, OptionError, did_you_mean
from rca.times import TimeLike, parse_time

__all__ = ["is_elsewhere", "open_elsewhere", "options_of", "scope_of", "shown"]

CLICKHOUSE = ("clickhouse", "clickhouses", "chdb")
SPARK = ("sc",)
_NUMBERS = ("sample", "max_rows", "max_bytes", "max_result_bytes", "timeout_s")
_OPTIONS = ("start", "end", "digit", "database", "path", "tables", *_NUMBERS)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def is_elsewhere(where: Any) -> bool:
    """Say whether this is the address or the open connection of an engine, or names Parquet files."""
    if not isinstance(where, str | Path):
        return _opened(where) != ""
    text = str(where)
    return bool(_SCHEME.match(text)) or any(sign in text for sign in "*?[") or bool(parquet_files(where))


def _opened(where: Any) -> str:
    """Return the engine that an open connection belongs to: a client of clickhouse-connect, a session of Spark."""
    if hasattr(where, "query_arrow"):
        return "clickhouse"
    return "sc" if hasattr(where, "sql") and hasattr(where, "createDataFrame") else ""


def shown(where: str | Path) -> str:
    """Return an address without its password, token and other secrets.

    Examples
    --------
    >>> shown("clickhouse://ann:secret@db:8443/otel?token=abc&sample=16")
    'clickhouse://ann@db:8443/otel?sample=16'
    """
    text = str(where)
    if not _SCHEME.match(text):
        return text
    parts = urlsplit(text.replace(";", "?", 1) if text.startswith("sc://") else text)
    user = f"{parts.username}@" if parts.username else ""
    place = f"{parts.hostname or ''}{_port(parts.netloc)}"
    kept = "&".join(f"{key}={value}" for key, value in options_of(text).items() if key in _OPTIONS)
    return f"{parts.scheme}://{user}{place}{parts.path}{'?' + kept if kept else ''}"


def _port(netloc: str) -> str:
    found = re.search(r":\d+$", netloc)
    return found[0] if found else ""


def options_of(where: str) -> dict[str, str]:
    """Return the options in an address, behind ``?`` or, as Spark Connect writes them, behind ``;``."""
    _, _, tail = where.partition("?")
    return dict(parse_qsl(tail, keep_blank_values=True))


def scope_of(
    where: Any, *, start: TimeLike | None = None, end: TimeLike | None = None, sample: int | None = None
) -> Scope:
    """Return the window, sample and budgets that an address and the arguments beside it say.

    Raises
    ------
    OptionError
        When an option is unknown, no number, or no time.
    """
    given = options_of(where) if isinstance(where, str) and _SCHEME.match(where) else {}
    numbers: dict[str, int] = {}
    for name in _NUMBERS:
        if name in given:
            try:
                numbers[name] = int(float(given[name]))
            except ValueError:
                raise OptionError(f"{name} is a number, not {given[name]!r}.") from None
    if sample is not None:
        numbers["sample"] = sample
    begin, finish = start if start is not None else given.get("start"), end if end is not None else given.get("end")
    return Scope(
        start_ns=None if begin is None else parse_time(begin),
        end_ns=None if finish is None else parse_time(finish),
        digit=given.get("digit", "first"),
        **numbers,
    )


def open_elsewhere(where: Any, scope: Scope, beside: Mapping[str, pa.Table], keep: str | Path | None = None) -> Engine:
    """Return the engine of an address; `keep` is a folder for statistics of Parquet files.

    Raises
    ------
    OptionError
        When statistics are to be kept of what is no Parquet.
    EngineError
        When no engine has the scheme, or the engine cannot be reached.
    StoreError
        When Parquet files cannot be read.
    """
    scheme = _opened(where) if not isinstance(where, str | Path) else ""
    found = None if scheme else _SCHEME.match(str(where))
    if not found and not scheme:
        return ParquetEngine(where, scope, beside, os.environ.get("RCA_KEEP") or None if keep is None else keep)
    if keep is not None:
        raise OptionError("keep is for Parquet files: of tables elsewhere rca cannot tell what has changed.")
    if found:
        scheme = found[1].lower()
        _known_options(str(where))
    if scheme in CLICKHOUSE:
        from rca.engines.clickhouse import ClickHouseEngine

        return ClickHouseEngine(where, scope, beside)
    if scheme in SPARK:
        from rca.engines.spark import SparkEngine

        return SparkEngine(where, scope, beside)
    raise EngineError(
        f"No engine answers to {scheme}://. {did_you_mean(scheme, (*CLICKHOUSE, *SPARK))} Else name a DuckDB file or a folder of Parquet."
    )


def _known_options(where: str) -> None:
    for name in options_of(where):
        close = did_you_mean(name, _OPTIONS)
        if name not in _OPTIONS and close.startswith("Did"):
            raise OptionError(f"{shown(where)} has an option {name!r}. {close}")
