"""Lines that go on with a record: traces of errors, messages of several lines."""

from __future__ import annotations

import re

from rca.ingest.logs.rows import Row
from rca.ingest.logs.severity import severity_number

__all__ = ["goes_on", "join"]

_OF_TRACE = re.compile(
    r"Traceback \(most recent call last\)|Caused by: |Suppressed: |During handling of |The above exception |\.\.\. \d+ more"
    r"|goroutine \d+ \[|stack backtrace:|(?:[\w$]+\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Warning)\b(?::|$)"
)
"""Lines of a trace that are not indented."""


def goes_on(text: str, row: Row, more: list[str]) -> bool:
    """Say whether a line continues one without a time: it is indented, or belongs to the trace of an error.

    Examples
    --------
    >>> goes_on("ValueError: x", Row(0, level="ERROR", body="ERROR:root:down"), []), goes_on("ready", Row(0), [])
    (True, False)
    """
    if text[0] in " \t":
        return True
    traced = any(line.startswith("Traceback (") for line in (row.body, *more[:1]))
    return bool((row.level and _OF_TRACE.match(text)) or (traced and more and _OF_TRACE.match(text)))


def join(row: Row, more: list[str]) -> None:
    """Add to a row the lines that continue it."""
    while more and not more[-1].strip():
        more.pop()
    if not more:
        return
    if not row.level:  # java.util.logging writes the level on the second line
        word = more[0].split(":", 1)[0] if ":" in more[0] else ""
        shouted = word.isupper() or not word.isascii()
        row.level = word if shouted and severity_number(word) else ""
    row.body = "\n".join([row.body, *more])
