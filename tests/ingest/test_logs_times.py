"""Times, ids and severities in the spellings of loggers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rca.ingest.logs.ids import span_id, trace_and_span
from rca.ingest.logs.severity import severity_number
from rca.ingest.logs.times import BAD, GOOD, OVERFLOW, Clock
from rca.times import parse_time

NOON = "2026-03-04T12:00:00"
WRITTEN = parse_time("2026-06-01T00:00:00Z")


def clock(unit: str = "") -> Clock:
    return Clock(WRITTEN, lambda _: None, unit)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{NOON}Z", f"{NOON}Z"),
        (f"{NOON}.5+05:30", "2026-03-04T06:30:00.5Z"),
        (f"{NOON}+0530", "2026-03-04T06:30:00Z"),
        ("2026-03-04 12:00:00,123", f"{NOON}.123Z"),
        ("2026-03-04 12:00:00.123456789 UTC", f"{NOON}.123456789Z"),
        ("2026-03-04 12:00:00 CEST", "2026-03-04T10:00:00Z"),
        ("2026/03/04 12:00:00", f"{NOON}Z"),
        ("2026-063T12:00:00", f"{NOON}Z"),
        ("20260304T120000Z", f"{NOON}Z"),
        ("20260304-12:0:0:7", f"{NOON}.007Z"),
        ("260304 12:00:00", f"{NOON}Z"),
        ("26/03/04 12:00:00", f"{NOON}Z"),
        ("03/25/26 12:00:00", "2026-03-25T12:00:00Z"),
        ("04/Mar/2026:13:00:00 +0100", f"{NOON}Z"),
        ("04 Mar 2026 12:00:00.250", f"{NOON}.25Z"),
        ("Wed, 04 Mar 2026 12:00:00 GMT", f"{NOON}Z"),
        ("Wed Mar 04 12:00:00 2026", f"{NOON}Z"),
        ("Wed Mar  4 12:00:00 EST 2026", "2026-03-04T17:00:00Z"),
        ("Mar 4, 2026 12:00:00 PM", f"{NOON}Z"),
        ("Mar 04, 2026 12:00:00 AM", "2026-03-04T00:00:00Z"),
        ("3/4/2026 12:00:00", f"{NOON}Z"),
        ("25/3/2026 12:00:00", "2026-03-25T12:00:00Z"),
        ("04.03.2026 12:00:00", f"{NOON}Z"),
        ("Mar  4 12:00:00", f"{NOON}Z"),
        ("Jun 15 12:00:00", "2025-06-15T12:00:00Z"),
        ("Feb 29 12:00:00", "2024-02-29T12:00:00Z"),
        ("03-04 12:00:00.001", f"{NOON}.001Z"),
        ("I0304 12:00:00.000001", f"{NOON}.000001Z"),
        ("1772625600", f"{NOON}Z"),
        ("1772625600.000001", f"{NOON}.000001Z"),
        ("1772625600000ms", f"{NOON}Z"),
        ("/Date(1772625600000)/", f"{NOON}Z"),
        ("2026-W10-3T12:00:00Z", f"{NOON}Z"),
        ("Wednesday, 04-Mar-26 12:00:00 GMT", f"{NOON}Z"),
        ("Wednesday, March 4, 2026 12:00:00 PM", f"{NOON}Z"),
        ("March 4, 2026 at 12:00:00 PM GMT", f"{NOON}Z"),
        ("Wed Mar  4 12:00:00 PM UTC 2026", f"{NOON}Z"),
        ("1.7726256001231239e9", f"{NOON}.1231239Z"),
        ("1.7726256001e+12", f"{NOON}.1Z"),
        ("20260304120000", f"{NOON}Z"),
        ("20260304120000123", f"{NOON}.123Z"),
        ("20260304120000.123", f"{NOON}.123Z"),
        ("2026-03-04 12:00:00 GMT+02:00", "2026-03-04T10:00:00Z"),
        ("2026-03-04 12:00:00 UTC+1", "2026-03-04T11:00:00Z"),
        ("2026-03-04 12:00:00,5+01", "2026-03-04T11:00:00.5Z"),
        ("2026-03-04 12:00:00 Europe/Berlin", "2026-03-04T11:00:00Z"),
        ("2026-07-04 12:00:00 America/New_York", "2026-07-04T16:00:00Z"),
        ("2026-03-04T12:00:00+01:00[Europe/Berlin]", "2026-03-04T11:00:00Z"),
        ("3/4/26 12:00:00:123 CET", "2026-03-04T11:00:00.123Z"),
        ("03/04/26 12:00:00", f"{NOON}Z"),
        ("26-03-04 12:00:00", f"{NOON}Z"),
        ("04.03.26 12:00:00", f"{NOON}Z"),
        ("03-13-2026 12:00:00", "2026-03-13T12:00:00Z"),
        ("04-MAR-26 12.00.00.123456 PM", f"{NOON}.123456Z"),
        ("4-Mar-2026::12:00:00.123", f"{NOON}.123Z"),
        ("4 mars 2026 12:00:00", f"{NOON}Z"),
        ("März 4, 2026 12:00:00", f"{NOON}Z"),
        ("4/mar/2026:12:00:00 +0100", "2026-03-04T11:00:00Z"),
        ("Mi 04 Mär 2026 12:00:00", f"{NOON}Z"),
        ("4 мар 2026 12:00:00", f"{NOON}Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("2026-03-04T24:00:00Z", "2026-03-05T00:00:00Z"),
        ("639082008001234567", "2026-03-04T06:00:00.1234567Z"),
        ("134171316001234567", "2026-03-04T21:00:00.1234567Z"),
        ("2026-03-04-12.00.00.123456+060", "2026-03-04T11:00:00.123456Z"),
        ("2026-03-04 - 12:00:00", f"{NOON}Z"),
        ("03-04|12:00:00.123", f"{NOON}.123Z"),
        ("W260304 12:00:00.123456", f"{NOON}.123456Z"),
    ],
)
def test_a_spelling(text, expected):
    assert clock().read_one(text) == (parse_time(expected), GOOD)


@pytest.mark.parametrize(
    ("text", "fate"),
    [("soon", BAD), ("2026-02-30T00:00:00Z", BAD), ("12.5", BAD), ("1e300", OVERFLOW), ("9" * 25, OVERFLOW)],
)
def test_what_is_no_time(text, fate):
    assert clock().read_one(text)[1] == fate


def test_tai_is_ahead_of_utc_by_the_leap_seconds():
    label = f"@{(1 << 62) + 1772625600 + 37:016x}{5:08x}"
    assert clock().read_one(label) == (parse_time(f"{NOON}Z") + 5, GOOD)


def test_the_unit_is_decided_by_the_file():
    millis = clock()
    times, _ = millis.read(["1772625600000", "1772625600001", "99999999999"])
    assert millis.unit == "ms"
    assert times[2] == 99999999999 * 10**6


def test_assumptions_are_told_once():
    told: list[str] = []
    Clock(WRITTEN, told.append).read(["Mar  4 12:00:00", "Mar  5 12:00:00"])
    assert len(told) == 2
    assert "year" in " ".join(told)
    assert "UTC" in " ".join(told)


_any_time = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1))  # noqa: DTZ001


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            _any_time,
            st.sampled_from(
                ["%Y-%m-%dT%H:%M:%S.%fZ", "%d/%b/%Y:%H:%M:%S +0000", "%Y-%m-%d %H:%M:%S,%f", "%b %d, %Y %I:%M:%S %p"]
            ),
        ),
        max_size=40,
    )
)
def test_columns_and_single_texts_agree_with_the_calendar(items):
    texts = [moment.strftime(form) for moment, form in items]
    exact = [moment if "%f" in form else moment.replace(microsecond=0) for moment, form in items]
    expected = [
        (moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
        for moment in exact
    ]
    listed, fate = clock().read(texts)
    assert listed.tolist() == expected
    assert not fate.any()
    column, _ = clock().read_series(pl.Series(texts, dtype=pl.String), fate == GOOD)
    assert column.tolist() == expected


@pytest.mark.parametrize(
    ("text", "trace", "span"),
    [
        ("AB" * 16, "ab" * 16, ""),
        ("abc1230000000000", "0" * 16 + "abc1230000000000", ""),
        ("5759e988-bd86-2e3f-e1be-46a994272793", "5759e988bd862e3fe1be46a994272793", ""),
        (f"00-{'a' * 32}-{'b' * 16}-01", "a" * 32, "b" * 16),
        (f"{'a' * 32}-{'b' * 16}-1-{'c' * 16}", "a" * 32, "b" * 16),
        ("abc123:def:0:1", "abc123".rjust(32, "0"), "def".rjust(16, "0")),
        (
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
            "5759e988bd862e3fe1be46a994272793",
            "53995c3f42cd8ad8",
        ),
        (f"projects/shop/traces/{'d' * 32}", "d" * 32, ""),
        (f"{'d' * 32}/1;o=1", "d" * 32, "1".rjust(16, "0")),
        ("W2Nt5x0bqL4xQ0tT5n2r4g==", "5b636de71d1ba8be31434b53e67dabe2", ""),
        ("req-17", "", ""),
        ("0" * 32, "", ""),
    ],
)
def test_trace_ids(text, trace, span):
    assert trace_and_span(text) == (trace, span)


def test_datadog_writes_decimal_ids():
    assert trace_and_span("255", decimal=True)[0] == "ff".rjust(32, "0")
    assert span_id("1234567890123456789") == f"{1234567890123456789:016x}"


@pytest.mark.parametrize(
    ("text", "scale", "number"),
    [
        ("info", "", 9), ("WARNING", "", 13), ("Err", "", 17), ("critical", "", 21), ("local.ERROR", "", 17), ("DEBUG3", "", 5), ("INFO+2", "", 11),
        ("30", "", 9), ("50", "", 17), ("3", "syslog", 17), ("0", "syslog", 24), ("3", "azure", 17), ("17", "otel", 17), ("40000", "", 17), ("400", "", 17),
        ("30", "python", 13), ("odd", "", 0), ("", "", 0), ("999999999", "", 0),
    ],
)  # fmt: skip
def test_severity(text, scale, number):
    assert severity_number(text, scale) == number


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        (["3/4/2026 12:00:00", "25/4/2026 12:00:00"], ["2026-04-03", "2026-04-25"]),
        (["03-04-2026 12:00:00", "03-25-2026 12:00:00"], ["2026-03-04", "2026-03-25"]),
        (["04-09-2026 12:00:00"], ["2026-04-09"]),  # in September the file was not written yet
        (["04/09/26 12:00:00"], ["2026-04-09"]),
        (["17/06/09 12:00:00", "17/06/10 12:00:00"], ["2017-06-09", "2017-06-10"]),
    ],
)
def test_one_order_of_day_and_month_for_a_file(texts, days):
    notes: list[str] = []
    for column in (texts, texts * 50):
        reader = Clock(WRITTEN, notes.append)
        times, fate = reader.read(column)
        series = Clock(WRITTEN, notes.append).read_series(pl.Series(column), np.ones(len(column), bool))
        assert set(fate) == {GOOD}
        assert times.tolist() == [parse_time(f"{day}T12:00:00Z") for day in days] * (len(column) // len(texts))
        assert series[0].tolist() == times.tolist()
