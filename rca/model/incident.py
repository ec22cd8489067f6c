"""When and where it hurt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from rca.errors import OptionError
from rca.times import TimeLike, format_duration, format_time, parse_duration, parse_time

__all__ = ["BaselineLike", "Incident", "Window"]


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of time ``[start_ns, end_ns)`` in epoch nanoseconds.

    Raises
    ------
    OptionError
        When the end is not after the start.

    Examples
    --------
    >>> Window(0, 60_000_000_000).length_ns
    60000000000
    """

    start_ns: int
    end_ns: int

    def __post_init__(self) -> None:
        if self.end_ns <= self.start_ns:
            start, end = format_time(self.start_ns, digits=3), format_time(self.end_ns, digits=3)
            raise OptionError(f"A window must end after it starts, but this one runs from {start} to {end}.")

    @property
    def length_ns(self) -> int:
        """Length in nanoseconds."""
        return self.end_ns - self.start_ns

    def overlaps(self, other: Window) -> bool:
        """Say whether the two windows share an instant."""
        return self.start_ns < other.end_ns and other.start_ns < self.end_ns

    def to_dict(self) -> dict[str, Any]:
        """Return both ends as nanoseconds and as ISO 8601 text."""
        return {
            "start_ns": self.start_ns,
            "end_ns": self.end_ns,
            "start": format_time(self.start_ns),
            "end": format_time(self.end_ns),
        }

    def __str__(self) -> str:
        start, end = format_time(self.start_ns), format_time(self.end_ns)
        shown = end[11:] if end[:10] == start[:10] else end
        return f"{start[:10]} {start[11:-1]} to {shown.replace('T', ' ')[:-1]} UTC ({format_duration(self.length_ns)})"


BaselineLike: TypeAlias = str | Window | tuple[TimeLike, TimeLike] | None


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident: a service, when it hurt, and what normal is compared with.

    Parameters
    ----------
    service_name
        The service whose users felt it.
    start, end
        ISO 8601 text (no zone means UTC), datetimes or epoch nanoseconds.
    baseline
        A length before `start` (``"1h"``), or an explicit window as ``(start, end)``, which may lie anywhere, also after
        the incident. Left out, it is chosen from the data and reported.
    slo
        The objective for the share of good requests, such as ``0.999``.
    signal
        What showed it: ``"p99"``, ``"error_ratio"``, or the name of a metric.
    onset_ns, onset_low_ns, onset_high_ns
        When it began and the interval of that estimate; set by ``detect_incident``.

    Raises
    ------
    OptionError
        When a time cannot be read, the window is empty, or the objective lies outside 0 to 1.

    Examples
    --------
    >>> incident = Incident("checkout", start="2026-03-04T14:10Z", end="2026-03-04T15:00Z", baseline="1h")
    >>> print(incident.baseline_window)
    2026-03-04 13:10:00 to 14:10:00 UTC (60.0 min)
    """

    service_name: str
    start: TimeLike = field(kw_only=True)
    end: TimeLike = field(kw_only=True)
    baseline: BaselineLike = field(default=None, kw_only=True)
    slo: float | None = field(default=None, kw_only=True)
    signal: str = field(default="", kw_only=True)
    onset_ns: int | None = field(default=None, kw_only=True)
    onset_low_ns: int | None = field(default=None, kw_only=True)
    onset_high_ns: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.slo is not None and not 0 < self.slo < 1:
            raise OptionError(
                f"An objective is a share of good requests between 0 and 1, such as 0.999; got {self.slo!r}."
            )
        _ = self.window, self.baseline_window

    @property
    def window(self) -> Window:
        """The incident's own window."""
        start_ns = parse_time(self.start)
        return Window(start_ns, parse_time(self.end, day_of_ns=start_ns))

    @property
    def baseline_window(self) -> Window | None:
        """The window it is compared with, or None where it is still to be chosen from the data."""
        if self.baseline is None or isinstance(self.baseline, Window):
            return self.baseline
        start_ns = parse_time(self.start)
        if isinstance(self.baseline, str):
            return Window(start_ns - parse_duration(self.baseline), start_ns)
        first, last = self.baseline
        return Window(parse_time(first, day_of_ns=start_ns), parse_time(last, day_of_ns=start_ns))

    @property
    def start_ns(self) -> int:
        """Start in epoch nanoseconds."""
        return self.window.start_ns

    @property
    def end_ns(self) -> int:
        """End in epoch nanoseconds."""
        return self.window.end_ns

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, times as nanoseconds."""
        baseline = self.baseline_window
        return {
            "service_name": self.service_name,
            "signal": self.signal,
            "onset_ns": self.onset_ns if self.onset_ns is not None else self.start_ns,
            "onset_low_ns": self.onset_low_ns,
            "onset_high_ns": self.onset_high_ns,
            "start_ns": self.start_ns,
            "end_ns": self.end_ns,
            "baseline": baseline.to_dict() if baseline else None,
            "slo": self.slo,
        }

    def __str__(self) -> str:
        return f"{self.service_name}, {self.window}"
