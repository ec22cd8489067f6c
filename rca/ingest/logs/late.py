"""Regular expressions that are compiled when they are first asked: most files need few of the many."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property

__all__ = ["LateRegex"]

Matches = Callable[[str], re.Match[str] | None]


class LateRegex:
    """A regular expression whose two questions cost no more than those of a compiled one, after the first.

    Examples
    --------
    >>> LateRegex(r"(?P<word>[a-z]+) ").match("one two")["word"]
    'one'
    """

    def __init__(self, pattern: str, flags: re.RegexFlag = re.NOFLAG) -> None:
        self._pattern, self._flags = pattern, flags

    @cached_property
    def match(self) -> Matches:
        """As of :class:`re.Pattern`."""
        return re.compile(self._pattern, self._flags).match

    @cached_property
    def fullmatch(self) -> Matches:
        """As of :class:`re.Pattern`."""
        return re.compile(self._pattern, self._flags).fullmatch
