"""What every reader of statements does with their text: digest, table, trace context, tags, and the columns they become."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl
import pyarrow as pa

from rca.digests import Digester, tags
from rca.ingest.queries.clock import MISSING

__all__ = ["Statements", "arrow_text", "coded", "number_column", "time_column"]

_BLOCK = r"/\*(?:[^*/]|\*+[^*/]|/+[^*/])*\*+/"
_STRINGS = {
    "mysql": r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`""",
    "postgresql": r"""'[^']*'|"[^"]*\"""",
}
_OUTSIDE = r"""(?:[^'"`/#-]|{strings}|/[^*]|-[^-]|{block})*"""
_CONTEXT = r"traceparent[ ]*[=:][ ]*'?[0-9a-fA-F]{2}-([0-9a-fA-F]{32})-([0-9a-fA-F]{16})-[0-9a-fA-F]{2}"
_VOLATILE = re.compile(r"(?:traceparent|tracestate)\s*[=:]\s*(?:'(?:[^'\\]|\\.)*'|[^,*]*)\s*,?")
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
        self._in_comment = rf"(?s)\A{outside}{inside}"
        self._tags: dict[str, dict[str, str]] = {}

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
        sure = rows.str.contains(self._in_comment).to_numpy()
        sure &= (rows.str.count_matches("traceparent", literal=True) == 1).to_numpy()
        pairs = rows.str.extract_groups(_CONTEXT).struct.unnest()
        trace, span = (pairs[name].fill_null("").str.to_lowercase().to_list() for name in pairs.columns)
        for at in np.flatnonzero(~sure).tolist():
            exact = tags(rows[at], self.dialect)
            trace[at], span[at] = exact.get("trace_id", ""), exact.get("span_id", "")
        zero = (
            trace_id.strip("0") == "" or span_id.strip("0") == "" for trace_id, span_id in zip(trace, span, strict=True)
        )
        kept = np.array([not empty for empty in zero], dtype=np.bool_)
        index = np.full(len(text), -1, dtype=np.int64)
        index[marked[kept]] = np.flatnonzero(kept)
        taken = pa.array(index, mask=index < 0)
        return {
            name: pa.array(values, pa.string()).take(taken).fill_null("")
            for name, values in (("trace_id", trace), ("span_id", span))
        }

    def tag_maps(self, text: pl.Series) -> dict[int, Mapping[str, str]]:
        """Return the tags in comments, the trace context left out, by row; rows without any are left out."""
        marked = np.flatnonzero(text.str.contains("/*", literal=True).to_numpy())
        found: dict[int, Mapping[str, str]] = {}
        if not len(marked):
            return found
        rows = text.gather(marked)
        comments = rows.str.extract(r"(/\*(?:[^*/]|\*+[^*/]|/+[^*/])*\*+/)").fill_null("")
        for at, comment in enumerate(comments.to_list()):
            key = _VOLATILE.sub("", comment)
            known = self._tags.get(key)
            if known is None:
                known = self._tags[key] = _own_tags(key, self.dialect)
            if known and key in self._tags:
                found[int(marked[at])] = known
        return found


def _own_tags(comment: str, dialect: str) -> dict[str, str]:
    return {key: value for key, value in tags(comment, dialect).items() if key not in ("trace_id", "span_id")}


def attribute_maps(rows: list[Mapping[str, str]]) -> pa.Array:
    """Return maps as the JSON text that the sink takes."""
    return pa.array([orjson.dumps(dict(row)).decode() for row in rows], pa.string())
