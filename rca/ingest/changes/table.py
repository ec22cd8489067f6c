"""Changes in plain tables: rows of one kind or of several, with people's names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rca.ingest.changes.kinds import kind_of_name
from rca.ingest.changes.record import BadChange, change_of
from rca.ingest.clock import Clock
from rca.ingest.contract import Sink
from rca.ingest.exact import text_of
from rca.ingest.tables.batch import Batch
from rca.ingest.tables.layout import Layout
from rca.ingest.tables.names import CHANGE, find

__all__ = ["ChangeTable"]


class ChangeTable:
    """One change a row; the commits inside a deploy are changes too."""

    def __init__(self, layout: Layout, sink: Sink) -> None:
        self._hint, self._sink, self._clock = layout.hint, sink, Clock(sink.context)
        self._rows: list[dict[str, Any]] = []

    def add(self, batch: Batch) -> None:
        """Take a batch of rows."""
        key = find(batch.records[0], CHANGE["time"], unit=True) if len(batch) else None
        if key is not None:
            self._clock.decide([value for record in batch.records if isinstance(value := record.get(key), str)])
        for at, record in enumerate(batch.records):
            around = _around(batch.envelope, record)
            try:
                row = change_of(
                    {**around, **record}, self._clock, hint=self._hint, service_name=self._sink.context.service_name
                )
            except BadChange as error:
                self.finish()
                self._sink.quarantine(str(error), batch.excerpt(at), batch.offset(at))
                continue
            self._rows.append(row)
            self._inner(record, row)
        self.finish()

    def _inner(self, record: Mapping[str, Any], row: Mapping[str, Any]) -> None:
        """Take the commits that a deploy lists as objects."""
        commits = record.get("commits")
        if row["kind"] not in {"deploy", "rollback"} or not isinstance(commits, list):
            return
        for commit in commits:
            if isinstance(commit, dict):
                try:
                    self._rows.append(
                        change_of({"kind": "commit", **commit}, self._clock, service_name=row["service_name"])
                    )
                except BadChange as error:
                    self.finish()
                    self._sink.quarantine(str(error), text_of(commit))

    def finish(self) -> None:
        """Write what is gathered."""
        self._sink.records("changes", self._rows)
        self._rows = []


def _around(envelope: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the object around a list says of all its rows, but for what would change their meaning."""
    plain = {key: value for key, value in envelope.items() if isinstance(value, str) and key not in record}
    taken = {find([key], CHANGE["time"] + CHANGE["end"] + CHANGE["kind"], unit=True) for key in plain}
    return {key: value for key, value in plain.items() if key not in taken or kind_of_name(key)}
