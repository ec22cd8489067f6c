"""A figure as files: SVG, PNG, PDF, and the CSV of its data, so that it can be recomputed."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import altair as alt

from rca.errors import OptionError, RcaError, did_you_mean
from rca.figures.clean import cleaned
from rca.figures.press import Press, to_svg

__all__ = ["FORMATS", "begin", "csv_of", "save", "svg"]

FORMATS = ("svg", "png", "pdf", "csv")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def svg(chart: alt.TopLevelMixin) -> str:
    """Return a chart as SVG text; the same chart gives the same bytes."""
    return to_svg(cleaned(chart.to_dict()))


def save(chart: alt.TopLevelMixin, stem: str | Path, *, formats: Iterable[str] = FORMATS) -> list[Path]:
    """Write ``stem.svg``, ``stem.png`` (twice the size), ``stem.pdf`` and ``stem.csv``; return the paths.

    Raises
    ------
    OptionError
        When a format is not one of these.
    RcaError
        When a file cannot be written.
    """
    wanted = _checked(formats)
    with Press(helpers=0) as press:
        return begin(chart.to_dict(), stem, press, formats=wanted)()


def begin(
    spec: dict[str, Any], stem: str | Path, press: Press, *, formats: Iterable[str] = FORMATS
) -> Callable[[], list[Path]]:
    """Begin to write the files of a figure, given as its specification; call what is returned to wait for their paths."""
    wanted, spec = _checked(formats), cleaned(spec)
    drawn = [name for name in wanted if name != "csv"]
    try:
        Path(stem).parent.mkdir(parents=True, exist_ok=True)
        made = press.make(spec, stem, drawn) if drawn else None
        if "csv" in wanted:
            Path(f"{stem}.csv").write_bytes(csv_of(spec).encode())
    except OSError as error:
        raise _unwritable(stem, error) from None

    def finish() -> list[Path]:
        try:
            if made is not None:
                made.result()
        except OSError as error:
            raise _unwritable(stem, error) from None
        return [Path(f"{stem}.{name}") for name in wanted]

    return finish


def _unwritable(stem: str | Path, error: OSError) -> RcaError:
    return RcaError(f"{error.filename or stem} cannot be written: {error.strerror or error}.")


def _checked(formats: Iterable[str]) -> list[str]:
    wanted = list(formats)
    unknown = [name for name in wanted if name not in FORMATS]
    if unknown:
        raise OptionError(f"A figure cannot be saved as {unknown[0]!r}. {did_you_mean(unknown[0], FORMATS)}")
    return wanted


def csv_of(spec: dict[str, Any]) -> str:
    """Return the data of a spec as CSV: every inline table, one after the other, under its columns."""
    out = io.StringIO()
    writer = csv.writer(
        out, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC
    )  # text in quotes: no other separator splits it
    for number, rows in enumerate(_tables(spec)):
        if number:
            out.write("\n")
        names = list(dict.fromkeys(name for row in rows for name in row))
        writer.writerow([_safe(name) for name in names])
        writer.writerows([_safe(row.get(name)) for name in names] for row in rows)
    return out.getvalue()


def _tables(spec: Any) -> list[list[dict[str, Any]]]:
    """Return the inline tables of a spec in their order, each once."""
    found: list[list[dict[str, Any]]] = []

    def visit(node: Any) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                if key == "datasets" and isinstance(value, dict):
                    found.extend(rows for rows in value.values() if rows)
                elif key == "values" and isinstance(value, list) and value and isinstance(value[0], dict):
                    found.append(value)
                else:
                    visit(value)
        elif isinstance(node, list):
            for item in node:
                visit(item)

    visit(spec)
    return [rows for at, rows in enumerate(found) if rows not in found[:at]]


def _safe(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value
