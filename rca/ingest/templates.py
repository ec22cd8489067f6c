"""Templates of log messages, mined from the messages alone: variable parts masked, then alike shapes merged."""

from __future__ import annotations

import polars as pl

from rca.ingest.contract import Sink

__all__ = ["Miner"]

_MASK = r"\S*\d\S*"


class Miner:
    """Finds the templates of one file."""

    def templates(self, bodies: pl.Series, given: pl.Series) -> pl.Series:
        """Return the template of each message; those that a logger gave stay."""
        masked = bodies.str.split_exact("\n", 1).struct.field("field_0").fill_null("").str.replace_all(_MASK, "<*>")
        return pl.select(pl.when(given != "").then(given).otherwise(masked).alias("template")).to_series()

    def finish(self, sink: Sink) -> None:
        """Settle what later messages changed of earlier templates."""
