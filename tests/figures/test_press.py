"""Figures made by helper processes are the figures this process would make."""

from __future__ import annotations

import altair as alt
import polars as pl
import pytest

from rca.errors import RcaError
from rca.figures.press import Press
from rca.figures.save import begin

SPEC = alt.Chart(pl.DataFrame({"x": [1, 2], "y": [3, 4]})).mark_bar().encode(x="x:Q", y="y:Q").to_dict()
DRAWN = ["svg", "png"]


def files(press, folder):
    begin(SPEC, folder / "figure", press)()
    return {path.suffix: path.read_bytes() for path in folder.iterdir() if path.suffix in {".svg", ".png", ".csv"}}


@pytest.mark.parametrize("kill", [False, True])
def test_helpers_make_the_same_files(tmp_path, kill):
    with Press(helpers=0) as press:
        here = files(press, tmp_path / "here")
    with Press(helpers=1) as press:
        (helper,) = press._idle
        if kill:
            helper.kill()
            helper.wait()
        beside = files(press, tmp_path / "beside")
        assert press._idle == ([] if kill else [helper])
    assert helper.poll() is not None
    assert set(here) == {".svg", ".png", ".csv"}
    assert here == beside


def test_what_a_helper_cannot_write_is_an_error_with_the_path(tmp_path):
    (tmp_path / "figure.png").mkdir()
    with Press(helpers=1) as press, pytest.raises(RcaError, match=r"figure\.png cannot be written"):
        begin(SPEC, tmp_path / "figure", press)()


def test_a_helper_that_failed_at_a_figure_is_not_asked_again(tmp_path):
    with Press(helpers=1) as press:
        with pytest.raises(ValueError, match=r"(?s)."):
            press.make({"mark": "no such mark", "encoding": 7}, tmp_path / "bad", DRAWN).result()
        press.make(SPEC, tmp_path / "good", DRAWN).result()
        assert (tmp_path / "good.svg").exists()
