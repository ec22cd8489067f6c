"""How many there were, when only a share was kept."""

from __future__ import annotations

from rca.errors import OptionError

__all__ = ["sampled_count_interval"]


def sampled_count_interval(seen: int, share: float, level: float = 0.95) -> tuple[float, float]:
    """Return an interval for the number of requests of which `seen` were kept, each with probability `share`.

    The requests that were not kept follow a negative binomial distribution given those that were, with half a request as
    prior, as Jeffreys' prior has it; the interval is exact for a share of 1 and has a width where nothing was seen.

    Parameters
    ----------
    seen
        Requests that were kept.
    share
        Probability of keeping one, above 0 and at most 1.
    level
        Of the interval.

    Raises
    ------
    OptionError
        When the share is no probability above 0.

    Examples
    --------
    >>> sampled_count_interval(120, 1.0)
    (120.0, 120.0)
    >>> sampled_count_interval(100, 0.1)
    (827.0, 1200.0)
    """
    if not 0 < share <= 1:
        raise OptionError(f"share is the probability of keeping a request, above 0 and at most 1; got {share}.")
    if share == 1:
        return float(seen), float(seen)
    from scipy.stats import nbinom

    tail = (1 - level) / 2
    low, high = nbinom.ppf([tail, 1 - tail], seen + 0.5, share)
    return float(seen + low), float(seen + high)
