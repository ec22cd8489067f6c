"""What of a remote store is looked at: a window, a sample of whole traces, and budgets."""

from __future__ import annotations

from dataclasses import dataclass

from rca.errors import OptionError
from rca.times import format_time

__all__ = ["Estimate", "Scope"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an engine expects a statement to scan; None where it cannot tell."""

    rows: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """The window, the sample and the budgets of one store.

    Parameters
    ----------
    start_ns, end_ns
        Only records in this window; both or none.
    sample
        One trace in so many, whole traces only: 1, 2, 4, … 4096. Its spans count for that many.
    max_rows
        Rows that one statement may scan.
    max_bytes
        Bytes that one statement may scan.
    max_result_bytes
        Bytes of rows that one statement may bring here.
    timeout_s
        Seconds that one statement may take.
    digit
        Where the digits of a trace id are that the sample goes by: ``first`` or ``last``.
    """

    start_ns: int | None = None
    end_ns: int | None = None
    sample: int = 1
    max_rows: int = 20_000_000_000
    max_bytes: int = 2_000_000_000_000
    max_result_bytes: int = 64 * 1024 * 1024
    timeout_s: int = 600
    digit: str = "first"

    def __post_init__(self) -> None:
        if self.sample < 1 or self.sample > 4096 or self.sample & (self.sample - 1):
            raise OptionError(f"sample is one trace in 1, 2, 4, … 4096, not in {self.sample}.")
        if (self.start_ns is None) != (self.end_ns is None):
            raise OptionError("A window needs both its start and its end.")
        if self.start_ns is not None and self.end_ns is not None and self.start_ns >= self.end_ns:
            raise OptionError(f"The window ends ({self.end_ns}) before it begins ({self.start_ns}).")

    def notes(self) -> tuple[str, ...]:
        """Return what a reader must know of results within this scope."""
        said = []
        if self.sample > 1:
            said.append(
                f"Only one trace in {self.sample} was read, chosen by the {self.digit} digits of its id; its records count {self.sample}-fold, and intervals are wider for it."
            )
        if self.start_ns is not None and self.end_ns is not None:
            said.append(f"Only records from {format_time(self.start_ns)} to {format_time(self.end_ns)} were read.")
        return tuple(said)

    def too_slow(self, location: str) -> str:
        """Return what to say of a statement that was given up."""
        return (
            f"{location}: a statement took longer than timeout_s={self.timeout_s} s; it was given up and nothing of it is used. "
            "Narrow the window (start=, end=) or read a sample (sample=16)."
        )

    def sampled(self, trace: str) -> str:
        """Return the condition on a column of trace ids; records of no trace stay.

        Trace ids are random hex digits, so that those below a bound are a sample of whole traces, the same on every engine
        and in every table, without a hash function.

        Examples
        --------
        >>> Scope(sample=64).sampled("trace_id")
        "(trace_id < '040' OR trace_id = '')"
        """
        bound = f"{4096 // self.sample:03x}"
        if self.digit == "last":
            return f"(SUBSTR({trace}, 30, 3) < '{bound}' OR {trace} = '')"
        return f"({trace} < '{bound}' OR {trace} = '')"
