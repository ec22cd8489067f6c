"""PostgreSQL logs in the language of its server's messages."""

from __future__ import annotations

import pytest

import rca

PREFIX = "2026-03-04 12:00:01.000 UTC [4242] shop@orders "
SPOKEN = {
    "de": ("LOG:  Dauer: 1234.567 ms  Anweisung: ", "FEHLER:  Relation »x« existiert nicht", "ANWEISUNG:  "),
    "fr": ("LOG:  durée : 1234.567 ms, instruction : ", "ERREUR:  la relation « x » n'existe pas", "INSTRUCTION :  "),
    "es": ("LOG:  duración: 1234.567 ms  sentencia: ", "ERROR:  no existe la relación «x»", "SENTENCIA:  "),
    "pt": ("LOG:  duração: 1234.567 ms  comando: ", 'ERRO:  relação "x" não existe', "COMANDO:  "),
    "it": ("LOG:  durata: 1234.567 ms, istruzione: ", 'ERRORE:  la relazione "x" non esiste', "ISTRUZIONE:  "),
    "ru": ("СООБЩЕНИЕ:  продолжительность: 1234.567 мс, оператор: ", 'ОШИБКА:  отношение "x" не существует', "ОПЕРАТОР:  "),
    "pl": ("DZIENNIK:  czas trwania: 1234.567 ms  wyrażenie: ", 'BŁĄD:  relacja "x" nie istnieje', "WYRAŻENIE:  "),
    "sv": ("LOGG:  varaktighet: 1234.567 ms  sats: ", 'FEL:  relationen "x" existerar inte', "SATS:  "),
    "tr": ("LOG:  süre: 1234.567 milisaniye  ifade: ", 'HATA:  "x" nesnesi mevcut değil', "İFADE:  "),
    "ja": ("LOG:  期間: 1234.567 ミリ秒 文: ", 'エラー:  リレーション"x"は存在しません', "文:  "),
    "zh": ("日志:  执行时间: 1234.567 ms 语句: ", '错误:  关系 "x" 不存在', "语句:  "),
    "ko": ("로그:  실행시간: 1234.567 ms 구문: ", '오류:  "x" 이름의 릴레이션이 없습니다', "명령:  "),
}  # fmt: skip


@pytest.mark.parametrize("language", SPOKEN)
def test_messages_of_a_language(tmp_path, language):
    length, error, statement = SPOKEN[language]
    log = tmp_path / "postgresql.log"
    log.write_text(
        f"{PREFIX}{length}SELECT *\n\tFROM orders\n\tWHERE id = 5\n{PREFIX}{error}\n{PREFIX}{statement}select * from x\n",
        encoding="utf-8",
    )
    with rca.open() as store:
        report = store.ingest(log)
        queries = store.query("SELECT * FROM queries").to_dicts()
        logs = store.query("SELECT * FROM logs").to_dicts()
    assert report.total("records_quarantined") == 0
    assert [(row["duration_ns"], row["db_query_text"], row["db_user"]) for row in queries] == [
        (1_234_567_000, "SELECT *\nFROM orders\nWHERE id = 5", "shop")
    ]
    assert [(row["severity_text"], row["body"]) for row in logs] == [("ERROR", error.split(":  ", 1)[1])]
    assert dict(logs[0]["attributes"])["statement"] == "select * from x"


def test_the_steps_before_a_statement_runs_are_no_statements(tmp_path):
    log = tmp_path / "postgresql.log"
    log.write_text(
        f"{PREFIX}LOG:  durée : 3.5 ms, analyse <unnamed> : SELECT 1\n"
        f"{PREFIX}LOG:  durée : 4.5 ms, lien <unnamed> : SELECT 1\n"
        f"{PREFIX}LOG:  durée : 500.5 ms, exécute <unnamed> : SELECT 1\n",
        encoding="utf-8",
    )
    with rca.open() as store:
        store.ingest(log)
        found = store.query("SELECT duration_ns, db_query_text FROM queries").rows()
    assert found == [(500_500_000, "SELECT 1")]
