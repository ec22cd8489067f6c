"""Prefixes of PostgreSQL logs that nobody configured by hand, and slow logs that try to mislead."""

from __future__ import annotations

import pytest

import rca

MESSAGES = [
    ("LOG", "duration: 1234.567 ms  statement: SELECT *\n\tFROM orders\n\tWHERE id = 5"),
    ("LOG", "duration: 0.250 ms"),
    ("LOG", "duration: 700.5 ms  execute <unnamed>: SELECT $1::int"),
    ("DETAIL", "parameters: $1 = '42'"),
    ("ERROR", 'relation "x" does not exist at character 15'),
    ("STATEMENT", "select * from x"),
]
WHO = ("shop", "orders", "4242")


@pytest.mark.parametrize(
    ("prefix", "who", "client"),
    [
        ("2024-03-01 10:00:00 UTC:10.0.0.7(51234):shop@orders:[4242]:", WHO, "10.0.0.7(51234)"),
        ("2024-03-01 10:00:00 UTC:::1(51234):shop@orders:[4242]:", WHO, "::1(51234)"),
        ("2024-03-01 10:00:00 UTC:[local]:shop@orders:[4242]:", WHO, "[local]"),
        ("2024-03-01 10:00:00.000 UTC-65e1a2b3.1092-", ("", "", "4242"), ""),
        ("65e1a2b3.1092 2024-03-01 10:00:00 UTC ", ("", "", "4242"), ""),
        ("1709287200.000 4242 shop@orders ", WHO, ""),
        ("2024-03-01 11:00:00 CET|shop|orders|4242|", WHO, ""),
        ("Mar  1 10:00:00 db1 postgres[4242]: [7-1] 2024-03-01 10:00:00 UTC [4242] shop@orders ", WHO, ""),
        (
            "2024-03-01T10:00:00+00:00 app[postgres.4242]: [DATABASE] [7-1] sql_error_code = 00000 ",
            ("", "", "4242"),
            "",
        ),
        ("2024-03-01T10:00:00+00:00 app[postgres.4242]: [HEROKU_POSTGRESQL_CYAN] [7-1] ", ("", "", "4242"), ""),
    ],
    ids=["rds", "rds-ipv6", "rds-local", "azure", "session", "epoch", "pipes", "syslog", "heroku", "heroku-colour"],
)
def test_a_prefix_is_found_by_itself(tmp_path, prefix, who, client):
    log = tmp_path / "postgresql.log"
    log.write_text("".join(f"{prefix}{level}:  {message}\n" for level, message in MESSAGES), encoding="utf-8")
    with rca.open() as store:
        store.ingest(log)
        found = store.query("SELECT * FROM queries ORDER BY record_no")
        errors = store.query("SELECT severity_text FROM logs")["severity_text"].to_list()
    assert found["duration_ns"].to_list() == [1_234_567_000, 250_000, 700_500_000]
    assert found["db_query_text"].to_list() == ["SELECT *\nFROM orders\nWHERE id = 5", "", "SELECT $1::int"]
    assert set(found.select("db_user", "db_namespace", "session_id").iter_rows()) == {who}
    assert set(found["client_address"]) == {client}
    ends = {row["time_ns"] + row["duration_ns"] for row in found.to_dicts()}
    assert ends == {1_709_287_200_000_000_000}
    assert errors == ["ERROR"]
