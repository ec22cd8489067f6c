"""Many tests at once: which of them still count."""

from __future__ import annotations

import numpy as np

from rca.errors import OptionError
from rca.stats.arrays import Array, Numbers, as_numbers

__all__ = ["fdr"]


def fdr(p_values: Numbers, method: str = "by") -> Array:
    """Return p-values adjusted for their number: keeping those at most 0.05 keeps at most 5 % false ones, on average.

    Parameters
    ----------
    p_values
        One a test; NaN marks a test that could not be made: it stays NaN and is not counted.
    method
        ``"by"`` (Benjamini and Yekutieli 2001) holds under any dependence: metrics of one system move together.
        ``"bh"`` (Benjamini and Hochberg 1995) has more power where tests are independent or positively dependent.

    Returns
    -------
    numpy.ndarray
        Adjusted p-values in the order given.

    Raises
    ------
    OptionError
        For an unknown method or a number outside 0 to 1.

    Examples
    --------
    >>> fdr([0.01, 0.04, 0.03, 0.9], "bh").round(4).tolist()
    [0.04, 0.0533, 0.0533, 0.9]
    """
    if method not in ("by", "bh"):
        raise OptionError(f"method is {method!r}; it must be 'by' (any dependence) or 'bh'.")
    p = as_numbers(p_values, "p_values")
    real = p[~np.isnan(p)]
    if ((real < 0) | (real > 1)).any():
        raise OptionError(f"A p-value lies between 0 and 1, but {real[(real < 0) | (real > 1)][0]:g} is among them.")
    out, m = np.full(len(p), np.nan), len(real)
    order = np.argsort(real)
    rank = np.arange(1, m + 1)
    tests = m * float((1 / rank).sum()) if method == "by" else float(m)
    adjusted = np.minimum.accumulate((real[order] * tests / rank)[::-1])[::-1]
    kept = np.empty(m)
    kept[order] = np.minimum(adjusted, 1.0)
    out[~np.isnan(p)] = kept
    return out
