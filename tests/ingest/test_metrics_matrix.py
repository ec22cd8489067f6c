"""The quick way through Prometheus' answers gives what the patient one gives."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

import rca
from rca.ingest.metrics import matrix, prometheus

TIMES = st.one_of(
    st.integers(0, 9_999_999_999),
    st.decimals(0, 2_000_000_000, places=3).map(float),
    st.sampled_from(["1772633400.123456789", "1e9", "-1", "x", None]),
)
NUMBERS = st.sampled_from(["1", "NaN", "+Inf", "-Inf", "0.1", "1e400", "", "x", "1_0", "0x1", " 1", None, 5, 1.5, True])
SERIES = st.fixed_dictionaries(
    {
        "metric": st.dictionaries(
            st.sampled_from(["__name__", "job", "le", "ü"]), st.sampled_from(["a_total", "", "\u00fc"])
        ),
        "values": st.lists(st.lists(st.one_of(TIMES, NUMBERS), min_size=1, max_size=3), max_size=4)
        | st.lists(st.tuples(TIMES, NUMBERS), max_size=6),
    }
)


def rows(path):
    with rca.open() as store:
        item = store.ingest(path, format="prometheus").inputs[0]
        assert item.records_read == item.records_kept + item.records_quarantined
        kept = store.query("SELECT * EXCLUDE ingest_id FROM metrics ORDER BY record_no").to_dicts()
        return repr(kept), store.query("SELECT record_no, reason, excerpt FROM quarantine ORDER BY 1").rows()


@settings(max_examples=60, deadline=None)
@given(found=st.lists(SERIES, min_size=1, max_size=4), spaced=st.booleans())
def test_quick_and_patient_agree(tmp_path_factory, found, spaced):
    path = tmp_path_factory.mktemp("answers") / "answer.json"
    text = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": found}}, indent=1 if spaced else None)  # fmt: skip
    path.write_text(text)
    quick = rows(path)
    kept, prometheus.decode = prometheus.decode, lambda _: None
    try:
        assert quick == rows(path)
    finally:
        prometheus.decode = kept


def test_the_common_answer_takes_the_quick_way():
    series = b'{"metric":{"__name__":"up"},"values":[[1772633400.5,"1"],[1772633415,"0"]]}'
    assert matrix.decode(b'{"status":"success","data":{"resultType":"matrix","result":[' + series + b"]}}") == [series]
    labels, times, values = matrix.points(series)
    assert labels == {"__name__": "up"}
    assert times.to_pylist() == [1772633400500000000, 1772633415000000000]
    assert values.to_pylist() == [1.0, 0.0]
