"""The statements of spans: their digests, and which database a span calls that says the statement alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rca.digests import digest_many
from rca.ingest.semconv import db_system

__all__ = ["Statements"]

_UNNAMED_SQL = "other_sql"
"""What OpenTelemetry calls a relational database that is not named."""

_MOST = 200_000
"""Digests that are remembered; beyond it the memory starts anew."""

_SQL = re.compile(
    r"\s*(?:/\*.*?\*/\s*|--[^\n]*\n\s*|\(\s*)*(?:select|insert|update|delete|replace|merge|with|call|exec|execute|begin|commit|"
    r"rollback|start\s+transaction|savepoint|release|set|show|truncate|create|alter|drop|copy|upsert)\b(?!\s*[:=])",
    re.IGNORECASE | re.DOTALL,
)


class Statements:
    """Settles the columns of statements, batch by batch: what one batch learned is known in the next.

    Examples
    --------
    >>> columns = {"db_query_text": pa.array(["SELECT 1", "", "GET a"])}
    >>> Statements().settle(columns)
    >>> columns["db_system_name"].to_pylist(), columns["db_query_digest"].to_pylist()
    (['other_sql', '', ''], ['select ?', '', 'GET a'])
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}

    def settle(self, columns: dict[str, Any]) -> None:
        """Give ``db_system_name`` its stable names, and fill ``db_query_digest`` where there are texts."""
        if "db_system_name" in columns:
            coded = columns["db_system_name"].dictionary_encode()
            stable = pa.array([db_system(text) for text in coded.dictionary.to_pylist()], pa.string())
            columns["db_system_name"] = stable.take(coded.indices)
        if "db_query_text" in columns:
            texts = columns["db_query_text"].dictionary_encode()
            systems = columns.get("db_system_name")
            columns["db_query_digest"] = self._digested(texts, systems)
            columns["db_system_name"] = _named(texts, systems)

    def _digested(self, texts: pa.DictionaryArray, systems: pa.Array | None) -> pa.Array:
        values = texts.dictionary.to_pylist()
        if systems is None:
            return pa.DictionaryArray.from_arrays(texts.indices, pa.array(self._digest(values, ""))).dictionary_decode()
        systems = systems.dictionary_encode()
        names = systems.dictionary.to_pylist()
        codes = systems.indices.to_numpy().astype(np.int64) * len(values) + texts.indices.to_numpy()
        distinct, inverse = np.unique(codes, return_inverse=True)
        digests = np.empty(len(distinct), dtype=object)
        for number, name in enumerate(names):
            mine = np.flatnonzero(distinct // len(values) == number)
            digests[mine] = self._digest([values[code % len(values)] for code in distinct[mine].tolist()], name)
        return pa.array(digests, pa.string()).take(pa.array(inverse))

    def _digest(self, texts: Sequence[str], system: str) -> list[str]:
        known = self._known
        if len(known) > _MOST:
            known.clear()
        new = [text for text in texts if text and (system, text) not in known]
        if new:
            known.update(zip(((system, text) for text in new), digest_many(new, system or None), strict=True))
        return [known[system, text] if text else "" for text in texts]


def _named(texts: pa.DictionaryArray, systems: pa.Array | None) -> pa.Array:
    """Return the systems, ``other_sql`` where none is named and the text is SQL: some tracers write nothing else."""
    systems = pa.repeat("", len(texts)) if systems is None else systems
    unnamed = pc.equal(systems, "")
    if not pc.any(unnamed).as_py():
        return systems
    sql = pa.array([_SQL.match(text) is not None for text in texts.dictionary.to_pylist()], pa.bool_())
    return pc.if_else(pc.and_(unnamed, sql.take(texts.indices)), _UNNAMED_SQL, systems)
