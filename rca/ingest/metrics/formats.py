"""The formats of metrics."""

from __future__ import annotations

from rca.ingest.contract import Format
from rca.ingest.metrics.answers import SERIES_ANSWERS
from rca.ingest.metrics.cloudwatch import CLOUDWATCH
from rca.ingest.metrics.datadog import DATADOG
from rca.ingest.metrics.exposition import EXPOSITION
from rca.ingest.metrics.graphite import GRAPHITE
from rca.ingest.metrics.influx import INFLUX
from rca.ingest.metrics.prometheus import PROMETHEUS
from rca.ingest.metrics.records import METRIC_RECORDS
from rca.ingest.metrics.statsd import STATSD

__all__ = ["METRIC_FORMATS"]

METRIC_FORMATS: tuple[Format, ...] = (
    PROMETHEUS,
    EXPOSITION,
    INFLUX,
    STATSD,
    GRAPHITE,
    CLOUDWATCH,
    DATADOG,
    METRIC_RECORDS,
    SERIES_ANSWERS,
)
