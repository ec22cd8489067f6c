"""Digests of many statements: cheap keys first, exact rules on one statement of each kind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from rca.digests.dialects import family
from rca.digests.one import digest
from rca.digests.shapes import Keys, keys, tidy
from rca.digests.statement import describe

__all__ = ["Digester", "digest_many"]


def digest_many(sqls: Sequence[str], dialect: str | None = None, style: str = "rca") -> list[str]:
    """Return the digest of each statement, as :func:`rca.digests.digest` would, much faster where statements repeat.

    Parameters
    ----------
    sqls
        The statements.
    dialect
        ``db.system.name``; left out, each statement is guessed by itself.
    style
        ``rca``, ``pt``, ``pmm``, ``otel`` or ``pg``.

    Examples
    --------
    >>> digest_many(["SELECT 1", "SELECT 2", "SELECT a"], "mysql")
    ['select ?', 'select ?', 'select a']
    """
    if style != "rca" or not dialect:
        known: dict[str, str] = {}
        for sql in sqls:
            if sql not in known:
                known[sql] = digest(sql, dialect, style=style)
        return [known[sql] for sql in sqls]
    digester = Digester(dialect)
    codes = digester.codes(pl.Series(sqls, dtype=pl.String))
    return [digester.digests[code] for code in codes]


class Digester:
    """Digests for a reader that works block by block: what one block taught is known in the next.

    Examples
    --------
    >>> digester = Digester("mysql")
    >>> codes = digester.codes(pl.Series(["SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = 2"]))
    >>> codes.tolist(), digester.digests, digester.tables
    ([0, 0], ['select a from t where b = ?'], ['t'])
    """

    def __init__(self, dialect: str) -> None:
        self.digests: list[str] = []
        """Digest by code."""
        self.tables: list[str] = []
        """First table or collection by code."""
        self._dialect, self._family = dialect, family(dialect, "")
        self._by_key: dict[int, int] = {}
        self._by_short: dict[str, int] = {}
        self._by_digest: dict[str, int] = {}

    def codes(self, statements: pl.Series) -> npt.NDArray[np.int32]:
        """Return for each statement the code of its digest. Nulls have the code of the empty statement."""
        if not len(statements):
            return np.empty(0, dtype=np.int32)
        filled = statements.fill_null("")
        found = keys(filled, self._family)
        unique, first, inverse = np.unique(found.hashes, return_index=True, return_inverse=True)
        codes = np.empty(len(unique), dtype=np.int32)
        for at, key in enumerate(unique.tolist()):
            code = self._by_key.get(key)
            if code is None:
                code = self._by_key[key] = self._code(filled, found, int(first[at]))
            codes[at] = code
        return codes[inverse.reshape(-1)]

    def _code(self, statements: pl.Series, found: Keys, at: int) -> int:
        short = found.short(at)
        if short is None:
            return self._exact(statements[at])
        text = tidy(short)
        code = self._by_short.get(text)
        if code is None:
            code = self._by_short[text] = self._exact(statements[at])
        return code

    def _exact(self, statement: str) -> int:
        text = digest(statement, self._dialect)
        code = self._by_digest.get(text)
        if code is None:
            code = self._by_digest[text] = len(self.digests)
            self.digests.append(text)
            self.tables.append(describe(statement, self._dialect).collection)
        return code
