"""What people pass as numbers, made into arrays; shared by every statistic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rca.errors import NoDataError, OptionError

__all__ = ["Array", "Interval", "Numbers", "as_codes", "as_fraction", "as_numbers", "as_weights"]

Array: TypeAlias = npt.NDArray[np.float64]
Numbers: TypeAlias = Iterable[float | int | None] | npt.ArrayLike


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with the range it may well have, and how that range came about.

    `low` or `high` is None where the data cannot bound the number on that side. `n` counts observations, `clusters`
    the independent groups they come in (None: each on its own).
    """

    estimate: float
    low: float | None
    high: float | None
    level: float
    n: int
    method: str
    clusters: int | None = None

    @property
    def bounded(self) -> bool:
        """Whether the data bound the number on both sides."""
        return self.low is not None and self.high is not None

    def excludes(self, value: float) -> bool:
        """Tell whether `value` lies outside.

        Examples
        --------
        >>> Interval(2.0, 1.5, None, 0.95, 40, "example").excludes(1.0)
        True
        """
        return (self.low is not None and value < self.low) or (self.high is not None and value > self.high)


def as_numbers(values: Numbers, name: str = "values", *, finite: bool = False) -> Array:
    """Return a one-dimensional float array; None becomes NaN.

    Parameters
    ----------
    values
        A sequence, numpy array (what is masked is missing), polars or pandas series.
    name
        What to call it in a message.
    finite
        Drop what is not a finite number.

    Raises
    ------
    OptionError
        Where the values are not numbers or not one-dimensional.

    Examples
    --------
    >>> as_numbers([1, None, 3], finite=True)
    array([1., 3.])
    """
    if isinstance(values, np.ma.MaskedArray):  # what is masked is missing, not whatever lies under the mask
        values = np.ma.filled(values.astype(np.float64), np.nan)
    try:
        made = np.asarray(values if hasattr(values, "__len__") else list(values), dtype=np.float64)  # type: ignore[arg-type]
    except (TypeError, ValueError) as problem:
        raise OptionError(f"{name} must be numbers: {problem}. Pass a sequence or array of numbers.") from None
    if made.ndim != 1:
        raise OptionError(f"{name} has {made.ndim} dimensions; pass one sequence of numbers.")
    return made[np.isfinite(made)] if finite else made


def as_fraction(value: float, name: str) -> float:
    """Return a number strictly between 0 and 1.

    Examples
    --------
    >>> as_fraction(0.99, "q")
    0.99
    """
    number = float(value)
    if not 0 < number < 1:
        raise OptionError(f"{name} is {value!r}; it must lie strictly between 0 and 1, such as 0.95.")
    return number


def as_codes(labels: npt.ArrayLike | Iterable[object], n: int, name: str = "clusters") -> npt.NDArray[np.int64]:
    """Return one integer a value, equal where the labels are equal.

    Examples
    --------
    >>> as_codes(["a", "b", "a"], 3)
    array([0, 1, 0])
    """
    made = np.asarray(labels if hasattr(labels, "__len__") else list(labels))  # type: ignore[arg-type]
    if made.shape != (n,):
        raise OptionError(f"{name} has shape {made.shape} for {n} values; pass one label for each value.")
    if made.dtype == object:
        made = made.astype(str)
    codes: npt.NDArray[np.int64] = np.unique(made, return_inverse=True)[1].astype(np.int64)
    return codes


def as_weights(weights: Numbers | None, n: int) -> Array:
    """Return one positive weight a value; ones where there are none.

    Examples
    --------
    >>> as_weights(None, 2)
    array([1., 1.])
    """
    if weights is None:
        return np.ones(n)
    made = as_numbers(weights, "weights")
    if made.shape != (n,):
        raise OptionError(f"weights has {len(made)} entries for {n} values; pass one for each value.")
    if not (np.isfinite(made).all() and (made >= 0).all()):
        raise OptionError("weights holds a negative or missing weight; a sampling weight is at least 0.")
    if n and made.sum() <= 0:
        raise NoDataError("All weights are 0, so nothing is left to compute from.")
    return made
