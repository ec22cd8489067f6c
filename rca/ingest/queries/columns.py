"""What every reader of statements does with their text: digest, table, trace context, tags, and the columns they become."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl
import pyarrow as pa

from rca.digests import Digester, tags
from rca.ingest.queries.clock import MISSING

__all__ = ["Statements", "arrow_text", "coded", "coded_members", "number_column", "objects", "time_column"]

_BLOCK = r"/\*(?:[^*/]|\*+[^*/]|/+[^*/])*\*+/"
_STRINGS = {
    "mysql": r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`""",
    "postgresql": r"""'[^']*'|"[^"]*\"""",
}
_OUTSIDE = r"""(?:[^'"`/#-]|{strings}|/[^*]|-[^-]|{block})*"""
_CONTEXT = r"traceparent[ ]*[=:][ ]*'?[0-9a-fA-F]{2}-([0-9a-fA-F]{32})-([0-9a-fA-F]{16})-[0-9a-fA-F]{2}"
_VOLATILE = r"(?:traceparent|tracestate)\s*[=:]\s*(?:'(?:[^'\\]|\\.)*'|[^,*]*)\s*,?"
_CONTEXT_KEYS = ("trace_id", "span_id")
_ZEROS = "0" * 16


def arrow_text(series: pl.Series) -> pa.Array:
    """Return a column of text as Arrow strings."""
    found = series.to_arrow()
    if isinstance(found, pa.ChunkedArray):
        found = found.combine_chunks()
    return found if pa.types.is_string(found.type) else found.cast(pa.string())


def coded(codes: npt.NDArray[np.int32], values: list[str]) -> pa.Array:
    """Return a column of few different texts."""
    return pa.array(values, pa.string()).take(pa.array(codes))


def time_column(values: npt.NDArray[np.int64]) -> pa.Array:
    """Return a column of nanoseconds in which ``MISSING`` is null."""
    gone = values == MISSING
    return pa.array(values, pa.int64(), mask=gone if gone.any() else None)


def number_column(series: pl.Series) -> pa.Array:
    """Return a column of whole numbers from text; what is none is null."""
    found = series.cast(pl.Int64, strict=False).to_arrow()
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


class Statements:
    """Columns that follow from the text of statements, block after block.

    Parameters
    ----------
    dialect
        ``mysql`` or ``postgresql``.
    """

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self._digester = Digester(dialect)
        strings = _STRINGS[dialect]
        outside = _OUTSIDE.format(strings=strings, block=_BLOCK)
        inside = r"/\*(?:[^*]|\*[^/])*?" + _CONTEXT
        self._first = rf"(?s)\A{inside}"
        self._in_comment = rf"(?s)\A{outside}{inside}"
        self._tags: dict[str, str] = {}

    def columns(self, text: pl.Series) -> dict[str, pa.Array]:
        """Return digest, table, trace and span id of statements."""
        codes = self._digester.codes(text)
        found = {
            "db_query_text": arrow_text(text),
            "db_query_digest": coded(codes, self._digester.digests),
            "db_collection_name": coded(codes, self._digester.tables),
        }
        return found | self._trace(text)

    def _trace(self, text: pl.Series) -> dict[str, pa.Array]:
        marked = np.flatnonzero(text.str.contains("traceparent", literal=True).to_numpy())
        if not len(marked):
            return {}
        rows = text.gather(marked)
        sure = rows.str.contains(self._first).to_numpy().copy()
        later = np.flatnonzero(~sure)
        sure[later] = rows.gather(later).str.contains(self._in_comment).to_numpy()
        sure &= (rows.str.count_matches("traceparent", literal=True) == 1).to_numpy()
        pairs = rows.str.extract_groups(_CONTEXT).struct.unnest()
        trace, span = (pairs[name].str.to_lowercase() for name in pairs.columns)
        odd = np.flatnonzero(~sure)
        if len(odd):
            exact = [tags(row, self.dialect) for row in rows.gather(odd).to_list()]
            trace = trace.scatter(odd, [found.get("trace_id") for found in exact])
            span = span.scatter(odd, [found.get("span_id") for found in exact])
        kept = ((trace != _ZEROS * 2) & (span != _ZEROS)).fill_null(value=False).to_numpy()
        index = np.full(len(text), -1, dtype=np.int64)
        index[marked[kept]] = np.flatnonzero(kept)
        taken = pa.array(index, mask=index < 0)
        return {
            name: arrow_text(values).take(taken).fill_null("")
            for name, values in (("trace_id", trace), ("span_id", span))
        }

    def members(self, text: pl.Series) -> pl.Series | None:
        """Return the tags in comments, the trace context left out, as members of a JSON object, each with a comma behind it.

        None where no statement has any.
        """
        marked = np.flatnonzero(text.str.contains("/*", literal=True).to_numpy())
        if not len(marked):
            return None
        comments = text.gather(marked).str.extract(rf"({_BLOCK})").str.replace_all(_VOLATILE, "")
        distinct = comments.fill_null("").to_arrow().dictionary_encode()
        known = [self._members_of(comment) for comment in distinct.dictionary.to_pylist()]
        if not any(known):
            return None
        index = np.zeros(len(text), dtype=np.int32)
        index[marked] = distinct.indices.to_numpy() + 1
        return pl.Series(["", *known], dtype=pl.String).gather(index)

    def _members_of(self, comment: str) -> str:
        known = self._tags.get(comment)
        if known is None:
            own = {key: value for key, value in tags(comment, self.dialect).items() if key not in _CONTEXT_KEYS}
            known = self._tags[comment] = orjson.dumps(own).decode()[1:-1] + "," if own else ""
        return known


def objects(members: pl.Series) -> pa.Array:
    """Return JSON objects of their members, each of which has a comma behind it."""
    return arrow_text("{" + members.str.strip_suffix(",") + "}")


def coded_members(fields: Mapping[str, pl.Series]) -> pl.Series | None:
    """Return the fields of each row that say something as members of a JSON object, each with a comma behind it.

    For fields of few distinct values; None where no row has any.
    """
    found: pl.Series | None = None
    for name, values in fields.items():
        coded = values.to_arrow().dictionary_encode()
        texts = [f"{_dumped(name)}:{_dumped(value)}," if value else "" for value in coded.dictionary.to_pylist()]
        if any(texts):
            members = pl.Series([*texts, ""], dtype=pl.String).gather(coded.indices.fill_null(len(texts)).to_numpy())
            found = members if found is None else found + members
    return found


def _dumped(text: str) -> str:
    return orjson.dumps(text).decode()
