"""Numbers and values as people read them."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["cell", "format_number", "format_probability"]


def format_number(value: float) -> str:
    """Return a number as people read it: counts whole, measured values with three or four digits, no powers of ten.

    Examples
    --------
    >>> format_number(142_512_345.6), format_number(3098.4), format_number(0.02273), format_number(4730)
    ('142,500,000', '3,098', '0.0227', '4,730')
    """
    if value != value:  # noqa: PLR0124  (NaN)
        return "n/a"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    size = abs(value)
    if size >= 100:
        return f"{float(f'{value:.4g}') if size >= 1e4 else value:,.0f}"
    return f"{value:.3g}" if size >= 1e-4 else f"{value:.1e}"


def format_probability(value: float) -> str:
    """Return a probability that never claims to be nought or one.

    Examples
    --------
    >>> format_probability(0.99999), format_probability(0.993), format_probability(0.62), format_probability(0)
    ('> 99.9%', '99.3%', '62%', '< 0.1%')
    """
    if value < 0.001:
        return "< 0.1%"
    if value > 0.999:
        return "> 99.9%"
    return f"{value:.0%}" if 0.1 <= value <= 0.99 else f"{value:.1%}"


_LONGEST = 160
"""Letters of a value in a table at most."""


def cell(value: object) -> str:
    """Return one value of a table as short text, not yet escaped."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return format_number(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={cell(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return _cut("; ".join(cell(item) for item in value))
    return _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
