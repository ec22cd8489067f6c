"""Tables in delimited text (CSV, TSV and their like) with a header, recognised by its names."""

from __future__ import annotations

from rca.errors import FormatError
from rca.ingest.contract import NO, Format, Guess, Sample, Sink
from rca.ingest.source import Source
from rca.ingest.tables.batch import Batch
from rca.ingest.tables.build import builder_of
from rca.ingest.tables.frames import Dialect, batches, dialect, sample_rows
from rca.ingest.tables.layout import UNKNOWN, Layout, decide

__all__ = ["CSV"]


def _look(lines: list[str], name: str) -> tuple[Dialect | None, Layout]:
    form = dialect(lines)
    if form is None:
        return None, UNKNOWN
    return form, decide(form.names, sample_rows(lines, form), name)


def _sniff(sample: Sample) -> Guess:
    if sample.looks_json or b"\0" in sample.head[:4096]:
        return NO
    form, layout = _look(sample.lines, sample.name)
    if form is None:
        return Guess(0.0, "no header whose names others follow")
    if not layout.kind:
        return Guess(0.0, f"columns {', '.join(form.names[:6])} are none that telemetry has")
    return Guess(layout.score, layout.reason)


def _read(source: Source, sink: Sink) -> None:
    head, complete = source.head()
    form, layout = _look(Sample(source.name, head, complete, source.path).lines, source.name)
    if form is None:
        raise FormatError(f"{source.path} has no header with the names of its columns.")
    if len(form.names) > source.limits.columns:
        raise FormatError(
            f"{source.path} has {len(form.names):,} columns, more than the limit of {source.limits.columns:,}."
        )
    builder = builder_of(layout, source, sink, form.names)
    for item in batches(source, form):
        if isinstance(item, Batch):
            builder.add(item)
        else:
            sink.quarantine(item.reason, item.excerpt, item.offset)
    builder.finish()


CSV = Format(
    "csv",
    "delimited text with named columns: metrics, spans, logs, call graphs, changes",
    ("metrics", "spans", "logs", "changes", "queries", "service_edges"),
    _sniff,
    _read,
)
