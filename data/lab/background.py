"""The company's reports: they keep the database busy, before and during, and have nothing to do with the incident.

A report starts some time after the one before has ended, so a slow database gets fewer of them. Now and then a larger one
runs, slow enough for the slow-query log.
"""

from __future__ import annotations

import argparse
import random
import signal
import time

import psycopg

__all__ = ["main"]

REGIONS = "SELECT region, count(*), sum(total_cents) FROM orders WHERE id <= %s GROUP BY region ORDER BY 3 DESC"
MONTHS = """SELECT date_trunc('hour', created_at) AS hour, region, count(*), sum(total_cents), stddev(total_cents)
FROM orders GROUP BY 1, 2 ORDER BY 4 DESC LIMIT 100"""


def main() -> None:
    """Run reports until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pause", type=float, default=0.02, help="seconds between two reports")
    parser.add_argument("--rows", type=int, default=200_000, help="rows that a report reads")
    parser.add_argument("--large-every", type=float, default=40.0, help="seconds between two large reports")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda _number, _frame: (_ for _ in ()).throw(SystemExit(0)))
    rng = random.Random(f"reports/{options.seed}")
    with psycopg.connect(options.url, application_name="reporting", autocommit=True) as connection:
        large = time.monotonic() + options.large_every / 2
        while True:
            if time.monotonic() > large:
                large += options.large_every
                connection.execute(MONTHS)
            else:
                connection.execute(REGIONS, (options.rows,))
            time.sleep(rng.uniform(0.5, 1.5) * options.pause)


if __name__ == "__main__":
    main()
