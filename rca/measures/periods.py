"""What an incident is compared with: the baseline that was named, or one chosen from the data, and why."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from rca.errors import NoDataError
from rca.model import Incident, Window
from rca.sql import statement
from rca.store import Store
from rca.times import format_duration

__all__ = ["Periods", "periods"]

_HOUR = 3_600_000_000_000
_MINUTE = 60_000_000_000
_DAY = 24 * _HOUR
_TRACED_BIN = 15_000_000_000
_BINS = 240
"""Time bins into which the stretch before the incident is cut to see where there is data."""


@dataclass(frozen=True, slots=True)
class Periods:
    """The two windows that everything compares, and how they came about.

    `incident` is the whole incident, or its part before the team tried something on purpose.
    """

    baseline: Window
    incident: Window
    notes: tuple[str, ...] = ()


def periods(store: Store, incident: Incident) -> Periods:
    """Return the baseline and the incident's window, up to the first experiment in it.

    What the team tried on purpose changes what is observed, so the time from the first experiment on (a change of kind
    ``experiment``) belongs to the experiments, not to the observation, where at least a fifth of the incident lies before it.

    A baseline that the incident names is taken as it is. Else it is the longest stretch without a change of the system
    in the hour (or three times the incident's length, where that is more) before the start; where that hour is busy
    with changes, all of it; where less data lies before than the incident is long, and more after it, the time after.
    Where traces have holes, so that the hour holds less than twice the incident, it reaches back up to a day.

    Parameters
    ----------
    store
        The telemetry.
    incident
        Service, window and perhaps baseline.

    Returns
    -------
    Periods
        Two windows, and in `notes` how the baseline was chosen and how much of it has data.

    Raises
    ------
    NoDataError
        When no telemetry lies outside the incident within three times its length (at least an hour).

    Examples
    --------
    >>> import rca
    >>> found = periods(rca.open(), rca.Incident("a", start="2026-01-01T12:00Z", end="2026-01-01T13:00Z", baseline="1h"))
    >>> print(found.baseline)
    2026-01-01 11:00:00 to 12:00:00 UTC (60.0 min)
    """
    window, notes = _untouched(store, incident)
    given = incident.baseline_window
    if given is not None:
        return Periods(given, window, (*notes, *_coverage(store, given)))
    reach = _reach(store, window)
    before = _covered(store, Window(window.start_ns - reach, window.start_ns))
    short = before is None or before.length_ns < window.length_ns
    over = incident.end_ns
    after = _covered(store, Window(over, over + reach)) if short else None
    if before is not None and (after is None or after.length_ns <= before.length_ns):
        chosen, why = _quietest(store, before, window)
        return Periods(chosen, window, (*notes, why, *_coverage(store, chosen)))
    if after is None:
        raise NoDataError(
            f"There is nothing to compare {incident} with: no telemetry lies within {format_duration(reach)} "
            "before or after it. Name a baseline that has data."
        )
    less = "No telemetry" if before is None else f"Only {format_duration(before.length_ns)} of telemetry"
    why = f"{less} precedes the incident; it is compared with the {format_duration(after.length_ns)} after it."
    return Periods(after, window, (*notes, why, *_coverage(store, after)))


def _untouched(store: Store, incident: Incident) -> tuple[Window, tuple[str, ...]]:
    """Return the part of the incident before its first experiment, and the sentence that says so."""
    window = incident.window
    tried = [
        int(row["time_ns"])
        for row in store.query(statement("experiments").sql).iter_rows(named=True)
        if row["service_name"] in ("", incident.service_name) and window.start_ns < row["time_ns"] < window.end_ns
    ]
    if not tried or min(tried) - window.start_ns < window.length_ns // 5:
        return window, ()
    left = Window(window.start_ns, min(tried))
    return left, (
        f"The incident is compared up to its first experiment: {format_duration(left.length_ns)} of {format_duration(window.length_ns)}.",
    )


def _reach(store: Store, window: Window) -> int:
    """Return how far back to look: farther than usual where the usual hour is hardly traced and more lies before it."""
    usual = reach = max(_HOUR, 3 * window.length_ns)
    if not _traced(store, window):
        return usual
    enough = 2 * window.length_ns
    while _traced(store, Window(window.start_ns - reach, window.start_ns)) < enough and reach < _DAY:
        reach = min(4 * reach, _DAY)
    found = _traced(store, Window(window.start_ns - reach, window.start_ns))
    return reach if found > _traced(store, Window(window.start_ns - usual, window.start_ns)) else usual


def _traced(store: Store, window: Window) -> int:
    """Return how much of a window is traced, in ns."""
    params = {"start_ns": window.start_ns, "end_ns": window.end_ns, "bin_ns": _TRACED_BIN}
    return _TRACED_BIN * store.query(statement("traced_bins").sql, params).height


def _filled(store: Store, window: Window, bin_ns: int) -> list[int]:
    params = {"start_ns": window.start_ns, "end_ns": window.end_ns, "bin_ns": bin_ns}
    return [int(value) for value in store.query(statement("activity").sql, params)["bin_ns"].to_list()]


def _covered(store: Store, window: Window) -> Window | None:
    """Return the part of `window` from its first to its last bin with data."""
    bin_ns = max(1_000_000_000, window.length_ns // _BINS)
    bins = _filled(store, window, bin_ns)
    if not bins:
        return None
    # points come at the source's own step, which may be wider than a bin
    step = max(bin_ns, int(median(b - a for a, b in pairwise(bins)))) if len(bins) > 1 else bin_ns
    start = window.start_ns if bins[0] - window.start_ns < step else bins[0]
    end = min(window.end_ns, bins[-1] + step)
    return Window(start, end) if end > start else None


def _quietest(store: Store, before: Window, incident: Window) -> tuple[Window, str]:
    params = {"start_ns": before.start_ns, "end_ns": before.end_ns}
    times = [int(value) for value in store.query(statement("change_times").sql, params)["time_ns"].to_list()]
    edges = [before.start_ns, *times, before.end_ns]
    pieces = [Window(a, b) for a, b in pairwise(edges) if b > a]
    longest = max(pieces, key=lambda piece: (piece.length_ns, piece.end_ns))
    ago = format_duration(incident.start_ns - longest.end_ns)
    if not times:
        return before, f"Baseline chosen: the {format_duration(before.length_ns)} with data before the incident."
    if longest.length_ns >= min(before.length_ns // 4, 10 * _MINUTE) and longest.length_ns >= _MINUTE:
        return (
            longest,
            f"Baseline chosen: {format_duration(longest.length_ns)} without a change, ending {ago} before the incident.",
        )
    return (
        before,
        f"Baseline chosen: all {format_duration(before.length_ns)} before the incident, for {len(times)} changes leave no longer quiet stretch.",
    )


def _coverage(store: Store, window: Window) -> tuple[str, ...]:
    """Say how patchy a window is, where more than a tenth of its minutes hold nothing."""
    bin_ns = max(_MINUTE, window.length_ns // _BINS)
    expected = max(1, window.length_ns // bin_ns)
    missing = 1 - len(_filled(store, window, bin_ns)) / expected
    if missing <= 0.1:
        return ()
    return (f"The baseline is patchy: {missing:.0%} of its bins of {format_duration(bin_ns)} hold no telemetry.",)
