"""The pytest plugin, as a project would meet it: its own run of pytest, its own test files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2] / "data"
ROOT = DATA.parent


def run(folder: Path, test: str, *options: str, plugin: bool = True, **more: str) -> str:
    """Run a project's tests with the plugin and return what pytest said."""
    (folder / "test_it.py").write_text(test)
    (folder / "shop").mkdir(exist_ok=True)
    for name, text in more.items():
        (folder / "shop" / f"{name}.py").write_text(text)
    words = ["-p", "rca.pytest_plugin"] if plugin else []
    installed = subprocess.run(
        [sys.executable, "-c", "from importlib.metadata import entry_points as e; print(len(e(group='pytest11', name='rca')))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    words = words if installed == "0" else []
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers", *words, *options, "test_it.py"],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), str(DATA), str(ROOT), os.environ.get("PYTHONPATH", "")))},
    )  # fmt: skip
    return done.stdout + done.stderr


LAB = """
import importlib
import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, joinedload

def shop(release):
    home = f"lab.services.checkout.releases.{release}"
    models, promotions = (importlib.import_module(f"{home}.{name}") for name in ("models", "promotions"))
    engine = create_engine("sqlite://")
    models.Base.metadata.create_all(engine)
    with Session(engine) as session:
        lines = [models.CartLine(id=n, cart_id=1, user_id=7 + n * (release == "r2_8_0"), sku=n, quantity=1, unit_cents=100) for n in range(1, 9)]
        held = [models.Promotion(id=n, user_id=7 + n, sku_group=1, discount_bp=100, score=n, terms="") for n in range(1, 9)]
        session.add_all([models.Cart(id=1, user_id=7, tier="gold"), *lines, *held])
        session.commit()
    return engine, models, promotions

def place(engine, models, promotions):
    with Session(engine) as session:
        cart = session.get(models.Cart, 1, options=[joinedload(models.Cart.lines)])
        return promotions.offers(session, cart, personalised=True)

@pytest.fixture(params=["r2_8_0", "r2_9_0"])
def parts(request):
    return shop(request.param)

@pytest.mark.max_queries(2)
def test_marker(parts):
    assert len(place(*parts)) == 8

@pytest.mark.no_n_plus_one
def test_loop(parts):
    place(*parts)

def test_block(parts, assert_no_n_plus_one):
    with assert_no_n_plus_one():
        place(*parts)

def test_count(parts, max_queries):
    with max_queries(2) as seen:
        place(*parts)
    assert seen.count == 2
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    pytest.importorskip("sqlalchemy", reason="the lab's requirement sqlalchemy is not installed (dependency group lab)")
    return run(tmp_path_factory.mktemp("lab"), LAB)


def test_the_labs_own_n_plus_one_is_stopped(lab):
    assert "4 failed, 4 passed" in lab, lab
    for name in ("marker", "loop", "block", "count"):
        assert f"FAILED test_it.py::test_{name}[r2_8_0]" in lab


def test_the_failure_names_test_statement_count_and_line(lab):
    assert "test_it.py::test_marker[r2_8_0]: 9 database calls, at most 2 allowed." in lab
    assert "8 x  select" in lab
    assert "from promotions where promotions.user_id = ?" in lab.replace("\n", " ")
    line = next(
        number
        for number, text in enumerate(
            (DATA / "lab/services/checkout/releases/r2_8_0/promotions.py").read_text().splitlines(), 1
        )
        if "line.promotions" in text
    )
    assert f"promotions.py:{line} in offers: return [best_offer(line, line.promotions) for line in cart.lines]" in lab
    assert "N+1" in lab


SQLITE = """
import sqlite3
from sqlite3 import connect
import pytest
from shop.code import names

@pytest.fixture(scope="session")
def connection():
    opened = connect(":memory:")
    opened.execute("CREATE TABLE users (id INTEGER, name TEXT)")
    opened.executemany("INSERT INTO users VALUES (?, ?)", [(n, f"u{n}") for n in range(9)])
    return opened

@pytest.mark.max_queries(3)
def test_marker(connection):
    assert len(names(connection, range(4))) == 4

@pytest.mark.no_n_plus_one(limit=4)
def test_allowed(connection):
    names(connection, range(4))

def test_looks(connection, queries):
    names(connection, range(2))
    with sqlite3.connect(":memory:") as other:
        other.cursor().execute("SELECT 1")
        other.executemany("SELECT ?", []) if False else other.execute("BEGIN")
    assert queries.count == 3
    assert queries.statements[-1] == "SELECT 1"

def test_transactions_are_no_queries(queries):
    with sqlite3.connect(":memory:") as other:
        other.execute("PRAGMA user_version")
        other.commit()
    assert queries.count == 0

def test_subclass_of_connection(queries):
    class Mine(sqlite3.Connection):
        pass
    opened = sqlite3.connect(":memory:", factory=Mine)
    assert isinstance(opened, Mine)
    assert opened.execute("SELECT 2").fetchone() == (2,)
    assert queries.count == 1

def test_rows_and_wrong_statements(queries):
    opened = sqlite3.connect(":memory:")
    opened.row_factory = sqlite3.Row
    assert opened.execute("SELECT 3 AS three").fetchone()["three"] == 3
    with pytest.raises(sqlite3.OperationalError):
        opened.execute("SELEC")
    assert queries.count == 2

class Plain:
    def cursor(self):
        return self
    def execute(self, text, values=()):
        return self
    def fetchall(self):
        return [1]

def test_any_driver(queries):
    opened = queries.watch(Plain())
    assert opened.cursor().execute("SELECT 1").fetchall() == [1]
    assert queries.count == 1

@pytest.mark.max_queries("many")
def test_wrong_marker():
    pass

@pytest.mark.max_queries(0)
def test_own_failure_stays():
    raise KeyError("mine")
"""
CODE = """
def names(connection, ids):
    found = []
    for one in ids:
        found += connection.execute(f"SELECT name FROM users WHERE id = {one}").fetchall()
    return found
"""


def test_sqlite_and_any_driver(tmp_path):
    out = run(tmp_path, SQLITE, code=CODE)
    assert "3 failed, 6 passed" in out, out
    assert "test_marker: 4 database calls, at most 3 allowed" in out
    assert "4 x  select name from users where id = ?" in out
    assert "shop/code.py:5 in names: found += connection.execute" in out
    assert "Marker max_queries takes a whole number of at least 0, not 'many'" in out
    assert "KeyError: 'mine'" in out


def test_the_option_watches_every_test(tmp_path):
    test = """
import sqlite3
from shop.code import names
def test_plain():
    opened = sqlite3.connect(":memory:")
    opened.execute("CREATE TABLE users (id INTEGER, name TEXT)")
    names(opened, range(4))
"""
    assert "1 passed" in run(tmp_path, test, code=CODE)
    out = run(tmp_path, test, "--no-n-plus-one", code=CODE)
    assert "1 failed" in out
    assert "N+1 queries: 4 times the same statement from one line, at most 3 allowed" in out
    assert "1 passed" in run(tmp_path, test, "--n-plus-one-limit=4", "--no-n-plus-one", code=CODE)


SPANS = """
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind

trace.set_tracer_provider(TracerProvider())
tracer = trace.get_tracer("driver")

def fetch(key):
    with tracer.start_as_current_span("GET", kind=SpanKind.CLIENT) as span:
        span.set_attribute("db.system.name", "cassandra")
        span.set_attribute("db.query.text", f"SELECT v FROM kv WHERE k = {key}")

def call():
    with tracer.start_as_current_span("GET /", kind=SpanKind.CLIENT) as span:
        span.set_attribute("http.request.method", "GET")

def load(keys):
    for key in keys:
        fetch(key)

@pytest.mark.no_n_plus_one
def test_loop():
    load(range(6))

@pytest.mark.max_queries(2)
def test_few():
    load(range(2))
    call()
"""
TRACED_ORM = """
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from sqlalchemy import create_engine, text

trace.set_tracer_provider(TracerProvider())
engine = create_engine("sqlite://")
SQLAlchemyInstrumentor().instrument(engine=engine)

def test_counted_once(queries):
    with engine.connect() as connection:
        for number in range(3):
            connection.execute(text("SELECT :n"), {"n": number})
        with pytest.raises(Exception):
            connection.execute(text("SELECT wrong FROM nowhere"))
        connection.execute(text("SELECT 5"))
    assert queries.count == 5, queries.statements
"""


def test_spans_of_instrumented_code(tmp_path):
    pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed (dependency group lab)")
    out = run(tmp_path, SPANS)
    assert "1 failed, 1 passed" in out, out
    assert "6 x  select v from kv where k = ?" in out
    assert "test_it.py:11 in fetch" in out


def test_a_call_that_two_layers_see_is_counted_once(tmp_path):
    pytest.importorskip("opentelemetry.instrumentation.sqlalchemy", reason="dependency group lab is not installed")
    assert "1 passed" in run(tmp_path, TRACED_ORM)


def test_the_start_of_pytest_stays_light(tmp_path):
    test = """
import sys
def test_light():
    heavy = {"duckdb", "polars", "numpy", "pyarrow", "sqlalchemy", "django", "opentelemetry", "rca.guards.hooks", "rca.guards.recorder"}
    assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    assert "1 passed" in run(tmp_path, test)


DJANGO = """
import django
import pytest
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["shop"], DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()
from django.db import connection
from shop.models import Line, Promotion

@pytest.fixture(scope="module", autouse=True)
def tables():
    with connection.schema_editor() as editor:
        editor.create_model(Promotion)
        editor.create_model(Line)
    for number in range(5):
        Line.objects.create(promotion=Promotion.objects.create(name=f"p{number}"))

def names(lines):
    return [line.promotion.name for line in lines]

@pytest.mark.no_n_plus_one
def test_lazy():
    names(Line.objects.all())

@pytest.mark.max_queries(1)
def test_eager():
    assert len(names(Line.objects.select_related("promotion"))) == 5
"""
DJANGO_MODELS = """
from django.db import models

class Promotion(models.Model):
    name = models.CharField(max_length=9)
    class Meta:
        app_label = "shop"

class Line(models.Model):
    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE)
    class Meta:
        app_label = "shop"
"""


def test_django(tmp_path):
    pytest.importorskip("django", reason="Django is not installed")
    out = run(tmp_path, DJANGO, __init__="", models=DJANGO_MODELS)
    assert "1 failed, 1 passed" in out, out
    assert "5 times the same statement from one line" in out
    assert "in names: return [line.promotion.name for line in lines]" in out
