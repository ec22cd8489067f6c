"""What can go wrong, said in one family of errors.

Every error that reaches a user is an :class:`RcaError`. Its message says what happened, with which value and where, and
what to do about it. The children also inherit the natural builtin, so that ``except ValueError`` works as people expect.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "EngineError",
    "FormatError",
    "NoDataError",
    "NotInStoreError",
    "OptionError",
    "QueryError",
    "RcaError",
    "SchemaError",
    "SourceError",
    "StoreError",
    "did_you_mean",
]


class RcaError(Exception):
    """Base of every error that `rca` raises on purpose."""


class SourceError(RcaError, OSError):
    """A path, file or stream cannot be read."""

    def __str__(self) -> str:
        """Return the message alone: ``OSError`` would add an errno."""
        return str(self.args[0]) if self.args else ""


class FormatError(RcaError, ValueError):
    """The content of a file is not what its format says."""


class SchemaError(RcaError, ValueError):
    """A table or column is missing, or has another type than the contract says."""


class StoreError(RcaError, RuntimeError):
    """The store cannot be opened, written or understood."""


class EngineError(RcaError, RuntimeError):
    """A query engine refused, failed or is not installed."""


class QueryError(RcaError, RuntimeError):
    """A statement failed; the message carries its name, parameters and the engine's own words."""


class NoDataError(RcaError, ValueError):
    """The question is well put, but nothing in the store answers it."""


class NotInStoreError(NoDataError):
    """A service or a window that the question names is not in the store: a misspelt name is no quiet day."""


class OptionError(RcaError, ValueError):
    """An argument has a value outside its allowed set; never replaced by a silent default."""


def did_you_mean(word: str, known: Iterable[str], *, most: int = 3) -> str:
    """Return a sentence that names what `word` could have meant, or what exists.

    Examples
    --------
    >>> did_you_mean("chekout", ["checkout", "pricing"])
    'Did you mean checkout?'
    >>> did_you_mean("zzz", ["checkout", "pricing"])
    'Known: checkout, pricing.'
    >>> did_you_mean("zzz", [])
    'There is none.'
    """
    names = sorted(set(known))
    close = get_close_matches(word, names, n=most, cutoff=0.6)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    if not names:
        return "There is none."
    shown = ", ".join(names[:10])
    return f"Known: {shown}{' …' if len(names) > 10 else ''}."
