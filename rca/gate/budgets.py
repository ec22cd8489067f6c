"""How much worse a candidate may be before the gate closes."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from rca.errors import OptionError, SourceError, did_you_mean

__all__ = ["Budgets", "read_budgets"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """Allowances; a route regresses when the whole interval of a change lies beyond its allowance."""

    p95_ratio: float = 1.25
    """Candidate's p95 over the baseline's."""
    p99_ratio: float = 1.5
    """Candidate's p99 over the baseline's. Two recordings of one build on one machine differ by a fifth at p99; a budget below
    what runs differ by stops good versions."""
    error_difference: float = 0.005
    """Share of failed requests, candidate less baseline."""
    queries_difference: float = 0.5
    """Database calls per request, candidate less baseline."""
    queries_more: float = 3
    """A request has many queries where it makes this many more than any request of the baseline on its route."""
    many_queries_difference: float = 0.002
    """Share of requests with many queries, candidate less baseline: sees an N+1 that only some requests meet."""
    min_requests: int = 50
    """Requests a route needs on both sides; with fewer the gate says that it cannot tell."""
    level: float = 0.95
    """Confidence over all comparisons of one run together."""

    def __post_init__(self) -> None:
        for name in ("p95_ratio", "p99_ratio"):
            if getattr(self, name) <= 0:
                raise OptionError(f"Budget {name} is a ratio and must be above 0, not {getattr(self, name)!r}.")
        if not 0.5 <= self.level < 1:
            raise OptionError(f"Budget level is a confidence between 0.5 and 1, such as 0.95, not {self.level!r}.")
        if self.min_requests < 10:
            raise OptionError(
                f"Budget min_requests must be at least 10, not {self.min_requests!r}: with fewer no interval holds."
            )


def read_budgets(path: str | Path) -> Budgets:
    """Return the budgets of a TOML file with a table ``[budgets]``.

    Raises
    ------
    SourceError
        When the file cannot be read.
    OptionError
        When it is not TOML, names an unknown budget, or gives something that is no number.
    """
    place = Path(path)
    try:
        document = tomllib.loads(place.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"{place} cannot be read: {error.strerror or error}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"{place} is not TOML: {error}.") from None
    given = document.get("budgets", {})
    if unknown := sorted(document.keys() - {"budgets"}):
        raise OptionError(f"{place}: there is no table {unknown[0]!r}; budgets go under [budgets].")
    if not isinstance(given, dict):
        raise OptionError(f"{place}: budgets go under [budgets], one number a line.")
    known = {item.name for item in fields(Budgets)}
    for name, value in given.items():
        if name not in known:
            raise OptionError(f"{place}: there is no budget {name!r}. {did_you_mean(name, known)}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise OptionError(f"{place}: budget {name} must be a number, not {value!r}.")
    return Budgets(**given)
