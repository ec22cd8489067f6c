"""Attributes rewritten without parsing say what parsing them says, in every spelling, or the reader steps back."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rca.ingest.members import Members
from rca.ingest.otlp.anyvalue import attributes_of
from rca.ingest.otlp.columns import Unusual
from rca.ingest.otlp.rewrite import lines_of

PIECES = (
    "", "a", "x y", '"', "\\", '\\"', '}},{"key":"', "]", "\n", "ü", "😀", "\0", "\2", "\3\3", '","value":{"stringValue":"', '": "', "28",
    "}}]\n", "[]", "null", '{"a":1}', "/", 'Value":', ",", ":",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=3).map("".join)
KEYS = st.sampled_from(("a", "b", "key", "value", "stringValue", "http.route", "", 'k"q', "k\\", "ü"))
WHOLE = st.integers(-(2**63), 2**63 - 1)
ODD: tuple[Any, ...] = (
    {}, None, "bare", 5, 1.25, {"intValue": "007"}, {"intValue": "+7"}, {"intValue": " 7"}, {"intValue": ""}, {"intValue": "-0"}, {"intValue": "x"},
    {"boolValue": "true"}, {"boolValue": 1}, {"stringValue": 5}, {"stringValue": None}, {"bytesValue": "AAE="}, {"string_value": "q"},
    {"stringValue": "x", "intValue": "5"}, {"doubleValue": "1.5"}, {"doubleValue": "NaN"}, {"doubleValue": 1e300}, {"doubleValue": -0.0},
)  # fmt: skip
PLAIN = st.one_of(
    st.fixed_dictionaries({"stringValue": TEXTS}),
    st.fixed_dictionaries({"intValue": st.one_of(WHOLE, WHOLE.map(str))}),
    st.fixed_dictionaries({"boolValue": st.booleans()}),
    st.fixed_dictionaries({"doubleValue": st.one_of(st.integers(-9, 99), st.floats(allow_nan=False, allow_infinity=False))}),
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(PLAIN, PLAIN, st.sampled_from(ODD)),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"arrayValue": st.fixed_dictionaries({"values": st.lists(inner, max_size=2)})}),
        st.fixed_dictionaries({"kvlistValue": st.fixed_dictionaries({"values": st.lists(st.fixed_dictionaries({"key": KEYS, "value": inner}), max_size=2)})}),
    ),
    max_leaves=3,
)  # fmt: skip
PAIRS = st.one_of(
    st.fixed_dictionaries({"key": KEYS, "value": VALUES}),
    st.fixed_dictionaries({"value": VALUES, "key": KEYS}),
    st.fixed_dictionaries({"key": KEYS, "value": PLAIN, "more": st.sampled_from(("x", 1, None))}),
    st.fixed_dictionaries({"key": KEYS}),
)
ROWS = st.one_of(st.lists(PAIRS, max_size=5), st.sampled_from(([], None, {}, {"a": "b"}, {"a": {"stringValue": "z"}})))
SPELLINGS = (
    orjson.dumps,
    orjson.dumps,
    lambda row: json.dumps(row).encode(),
    lambda row: json.dumps(row, separators=(",", ":")).encode(),
    lambda row: json.dumps(row, indent=1, ensure_ascii=False).encode(),
    lambda row: orjson.dumps(row).replace(b"/", b"\\/"),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(ROWS, st.sampled_from(SPELLINGS)), min_size=1, max_size=8))
def test_rewritten_attributes_are_those_that_parsing_gives(rows: list[tuple[Any, Any]]) -> None:
    raws = [msgspec.Raw(spell(row)) for row, spell in rows]
    try:
        wanted = [attributes_of(orjson.loads(bytes(raw))) for raw in raws]
    except ValueError:
        with pytest.raises(Unusual):
            lines_of(raws)
        return
    found = Members(lines_of(raws))
    assert [json.loads(text) for text in found.maps().to_pylist()] == wanted
    for keys in (("a",), ("b", "a"), ("http.route", 'k"q', "k\\"), ("ü", "")):
        column = found.text(keys)
        texts = [next((row[key] for key in keys if row.get(key)), "") for row in wanted]
        assert (column.to_pylist() if column is not None else [""] * len(wanted)) == texts
    both = ("a", 'k"q')
    assert found.rows_with(both) == {
        at: {key: row[key] for key in both if key in row} for at, row in enumerate(wanted) if any(key in row for key in both)
    }  # fmt: skip


def test_half_of_a_character_is_left_to_the_patient_reader() -> None:
    with pytest.raises(Unusual):
        lines_of([msgspec.Raw(rb'[{"key":"a","value":{"stringValue":"\ud800"}}]')])
