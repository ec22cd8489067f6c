"""Answers of query APIs that found nothing: no record, and no log record about it either."""

from __future__ import annotations

from typing import Any

from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.source import Source

__all__ = ["NOTHING_FORMATS", "found_nothing"]

_HOLDS = frozenset((
    "data", "result", "results", "traces", "trace", "batches", "hits", "items", "spans", "series", "Traces", "TraceSummaries", "MetricDataResults",
    "events", "records", "rows", "logs", "streams", "timeSeries", "Events", "segments", "deployments",
))  # fmt: skip
"""Keys under which answers keep what they found."""
_BESIDE = frozenset((
    "total", "limit", "offset", "errors", "status", "metrics", "meta", "stats", "took", "timed_out", "_shards", "resultType", "warnings", "infos", "links",
    "_links", "metadata", "page", "count", "apiVersion", "kind", "UnprocessedTraceIds", "TracesProcessedCount", "ApproximateTime", "NextToken", "nextToken",
    "next_page_token", "nextPageToken", "from_date", "to_date", "query", "res_type", "resp_version", "group_by", "max_score", "value", "relation", "@odata.context",
    "totalCount", "has_more", "hasMore", "executionErrors", "unit",
))  # fmt: skip
"""Keys that tell how an answer went."""


def found_nothing(value: Any) -> bool:
    """Say whether a document is the answer to a query that found nothing.

    Examples
    --------
    >>> found_nothing({"data": [], "total": 0, "errors": None}), found_nothing({"user": "u1", "items": []})
    (True, False)
    >>> found_nothing({"status": "success", "data": {"resultType": "matrix", "result": []}})
    True
    """
    if not isinstance(value, dict) or not value.keys() <= _HOLDS | _BESIDE:
        return False
    held = [item for key, item in value.items() if key in _HOLDS]
    return bool(held) and all(item in (None, [], {}) or found_nothing(item) for item in held)


def _sniff(sample: Sample) -> Guess:
    return Guess(0.99, "an answer without a record") if sample.looks_json and found_nothing(sample.document) else NO


def _read(source: Source, sink: Sink) -> None:
    del source
    sink.context.note("the query behind this answer found nothing")


NOTHING_FORMATS = (Format("empty-answer", "an answer of a query API that found nothing", (), _sniff, _read),)
