"""Tables as people read them: moments and lengths, nothing empty, nothing cut off without a word."""

from __future__ import annotations

from rca.display import shown, table_html, table_markdown, table_text

MOMENT = 1_772_633_400_123_456_789


def test_moments_and_lengths_are_told_apart():
    table = shown([{"start_ns": MOMENT, "lock_ns": 1500, "n": 3}, {"start_ns": None, "lock_ns": 0, "n": 4}])
    assert table.heads == ("start (UTC)", "lock", "n")
    assert table.cells == (("2026-03-04 14:10:00.123", "1.50 µs", "3"), ("", "0 ns", "4"))
    assert table.numeric == (False, True, True)


def test_a_column_of_nothing_is_left_out_and_nought_is_not_nothing():
    table = shown([{"a": "", "b": None, "c": [], "zero": 0, "no": False}])
    assert table.heads == ("zero", "no")
    assert shown([{"a": ""}]).heads == ("a",)


def test_columns_beyond_the_frame_are_named():
    row = {f"c{at:02}": at for at in range(15)}
    assert shown([row]).left_out == ("c12", "c13", "c14")
    assert "c12, c13, c14" in table_html([row])


def test_rows_of_different_shapes_keep_their_columns():
    rows = [{"a": 1}, {"b": "two", "a": None}]
    assert shown(rows).cells == (("1", ""), ("", "two"))
    assert table_text(rows).splitlines()[2].split() == ["1"]
    assert table_markdown(rows).splitlines()[-1] == "|  | two |"


def test_long_lists_are_cut():
    (cells,) = shown([{"reasons": ["a reason of some length"] * 40}]).cells
    assert len(cells[0]) == 160
    assert cells[0].endswith("…")
    assert "; " in cells[0]


def test_probabilities_claim_neither_nought_nor_one():
    table = shown([{"probability": 0.00001}, {"probability": 0.9999}])
    assert table.cells == (("< 0.1%",), ("> 99.9%",))
