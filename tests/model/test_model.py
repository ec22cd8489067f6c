"""The nouns: what they refuse, and how they show themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rca.errors import OptionError
from rca.model import Effect, Evidence, Finding, Incident, Verdict, Verdicts, Window
from rca.times import format_time, parse_duration, parse_time

SEEN = Evidence(name="seen", decibans=9.0, kind="observation", claim="c", family="f")
TRIED = Evidence(name="tried", decibans=20.0, kind="experiment", claim="c", family="experiment")


def verdict(status, *evidence):
    return Verdict(
        id="H2", title="t", status=status, prior_decibans=-5.0, decibans=4.0, probability=0.7, evidence=evidence
    )


@pytest.mark.parametrize("status", ["confirmed", "refuted"])
def test_observations_alone_never_settle(status):
    with pytest.raises(OptionError, match="only an experiment"):
        verdict(status, SEEN)
    assert verdict(status, SEEN, TRIED).status == status


def test_a_missing_experiment_settles_nothing():
    none = Evidence(name="tried", decibans=0.0, kind="experiment", claim="c", family="experiment", missing=True)
    with pytest.raises(OptionError):
        verdict("confirmed", SEEN, none)


def test_missing_evidence_weighs_nothing():
    with pytest.raises(OptionError, match="weighs nothing"):
        Evidence(name="x", decibans=1.0, kind="observation", claim="c", family="f", missing=True)


def test_verdicts_by_id():
    both = Verdicts((verdict("supported", SEEN),))
    assert both["H2"].status == "supported"
    with pytest.raises(OptionError, match="Did you mean H2"):
        both["H22"]


def test_a_window_must_not_be_empty():
    with pytest.raises(OptionError, match="must end after it starts"):
        Window(5, 5)


@pytest.mark.parametrize("slo", [0, 1, 99.9, -0.1])
def test_an_objective_is_a_share(slo):
    with pytest.raises(OptionError, match="between 0 and 1"):
        Incident("a", start="2026-03-04T14:10Z", end="2026-03-04T15:00Z", slo=slo)


def test_times_as_people_have_them():
    text, zoned = "2026-03-04T14:10Z", datetime(2026, 3, 4, 15, 10, tzinfo=timezone(timedelta(hours=1)))
    assert (
        parse_time(text)
        == parse_time(zoned)
        == parse_time(datetime.fromisoformat("2026-03-04T14:10"))
        == parse_time("2026-03-04 14:10")
    )
    assert parse_time("2026-03-04T14:10:00.123456789Z") % 1_000_000_000 == 123_456_789


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01", "14:10"])
def test_what_is_no_time(text):
    with pytest.raises(OptionError, match="is not a time"):
        parse_time(text)


@pytest.mark.parametrize("text", ["", "h", "1x", "-1h", "1h!"])
def test_what_is_no_length(text):
    with pytest.raises(OptionError, match="is not a length"):
        parse_duration(text)


@given(st.datetimes(min_value=datetime.fromisoformat("1970-01-01"), max_value=datetime.fromisoformat("2262-01-01")))
def test_times_survive_the_way_through_text(moment):
    there = parse_time(moment.replace(tzinfo=UTC))
    assert parse_time(format_time(there, digits=9)) == there


def test_a_result_shows_itself_without_markup():
    nasty = "<img src=x onerror=alert(1)>\x1b[2J"
    effect = Effect(name=nasty, before=1.0, after=2.0, low=0.5, high=1.5, unit="ms", n_before=3, n_after=4, method="m")
    found = Finding(
        name="n", claim=nasty, table=pl.DataFrame({nasty: [nasty]}), effect=effect, caveats=(nasty,), sql=(nasty,)
    )
    for text in (found._repr_html_(), found._repr_markdown_(), str(found)):
        assert "\x1b" not in text
    assert "<img" not in found._repr_html_()
    assert "<img" not in found._repr_markdown_()
