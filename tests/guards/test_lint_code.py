"""What lint calls a database call in a loop, and what it leaves alone."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from rca.cli import main
from rca.errors import SourceError
from rca.guards.lint import lint_code

LAB = Path(__file__).resolve().parents[2] / "data" / "lab"


def rules(tmp_path, code, **more):
    (tmp_path / "shop.py").write_text(textwrap.dedent(code))
    for name, text in more.items():
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))
    return [(Path(issue.path).name, issue.line, issue.rule) for issue in lint_code([tmp_path]).issues]


BAD = {
    "session.execute": "from sqlalchemy import select\ndef f(session, ids):\n    for i in ids:\n        session.execute(select(A).where(A.id == i))\n",
    "session.get in a comprehension": "def f(session, ids):\n    return [\n        x for i in ids for x in\n        [session.get(User, i)]]\n",
    "typed session": "from sqlalchemy.orm import Session\ndef f(db: Session, ids):\n    for i in ids:\n        db.scalars(stmt, {'i': i})\n",
    "session made here": "from sqlalchemy.orm import Session\ndef f(ids):\n    s = Session(engine)\n    [s.scalar(stmt.where(A.id == i)) for i in ids]\n",
    "legacy query": "def f(ids):\n    for i in ids:\n        pass\n        db.session.query(User).filter_by(id=i).first()\n",
    "flask": "from flask_sqlalchemy import SQLAlchemy\ndef f(ids):\n    for i in ids:\n        User.query.filter_by(id=i).first()\n",
    "async": "from sqlalchemy import select\nasync def f(session, ids):\n    async for i in ids:\n        await session.execute(select(A).where(A.id == i))\n",
    "django get": "from shop.models import Book\ndef f(ids):\n    for i in ids:\n        Book.objects.get(pk=i)\n",
    "django filter chain": "def f(ids):\n    for i in ids:\n        pass\n        list(Book.objects.select_related('a').filter(pk=i).order_by('x'))\n",
    "django shortcut": "from django.shortcuts import get_object_or_404\ndef f(ids):\n    return {i:\n        get_object_or_404(Book, pk=i) for i in ids}\n",
    "cursor": "def f(cursor, ids):\n    out = []\n    for i in ids:\n        cursor.execute('SELECT 1 FROM t WHERE id = %s', (i,))\n",
    "cursor with a constant": "SQL = 'select 1 from t where id = ?'\ndef f(conn, ids):\n    for i in ids:\n        conn.execute(SQL, (i,))\n".replace("SQL, (i", "'select 1 where id = ?', (i"),
    "formatted": "def f(cur, ids):\n    q = ''\n    for i in ids:\n        cur.execute(f'SELECT name FROM t WHERE id = {i}')\n",
    "walk up": "def f(session, node):\n    while node.parent_id:\n        pass\n        node = session.get(Node, node.parent_id)\n",
    "work list": "def f(cursor, todo):\n    while todo:\n        i = todo.pop()\n        cursor.execute('SELECT child FROM tree WHERE id = ?', [i])\n",
    "nested function": "def outer(cursor, ids):\n    def inner():\n        for i in ids:\n            cursor.execute('SELECT 1 WHERE 1 = ?', [i])\n    return inner\n",
}  # fmt: skip


@pytest.mark.parametrize("code", BAD.values(), ids=BAD.keys())
def test_a_query_in_a_loop_is_found(tmp_path, code):
    assert rules(tmp_path, code) == [("shop.py", 4, "query-in-loop")]


GOOD = {
    "before the loop": "def f(session):\n    for row in session.execute(select(A)):\n        print(row)\n",
    "first source of a comprehension": "def f(session):\n    return [row.id for row in session.scalars(select(A))]\n",
    "a web session": "import requests\ndef f(session, urls):\n    for url in urls:\n        session.get(url)\n        session.get(url, timeout=3)\n",
    "a dictionary": "def f(session, names):\n    return [session.get(name, 'x') for name in names]\n",
    "batches": "def f(session, ids):\n    for batch in batched(ids, 500):\n        session.execute(select(A).where(A.id.in_(batch)))\n",
    "steps of a range": "def f(cur, ids):\n    for at in range(0, len(ids), 500):\n        cur.execute('SELECT 1 FROM t WHERE id = ANY(%s)', ids[at:at + 500])\n",
    "attempts": "def f(cursor):\n    for attempt in range(tries):\n        cursor.execute('SELECT 1')\n",
    "a few literals": "def f(cursor):\n    for kind in ('a', 'b'):\n        cursor.execute('SELECT 1 WHERE k = ?', [kind])\n",
    "polling": "def f(cursor):\n    while True:\n        cursor.execute('SELECT 1 FROM jobs')\n        sleep(1)\n",
    "paging": "def f(cursor):\n    offset = 0\n    while offset is not None:\n        cursor.execute('SELECT 1 LIMIT 10 OFFSET ?', [offset])\n        offset = advance()\n",
    "ends in the first round": "def f(session, ids):\n    for i in ids:\n        return session.get(User, i)\n",
    "other tables": "def f(cursor, names):\n    for name in names:\n        cursor.execute(f'SELECT count(*) FROM {name}')\n        cursor.execute('SELECT 1 FROM ' + name)\n        cursor.execute('SELECT 1 FROM \"%s\"' % name)\n",
    "statements themselves": "def f(cursor, statements):\n    for statement in statements:\n        cursor.execute(statement)\n",
    "settings": "def f(cursor, names):\n    for name in names:\n        cursor.execute(f'SET {name} = 1')\n        cursor.execute('CREATE INDEX ON t (c)')\n",
    "defined only": "def f(cursor, ids):\n    for i in ids:\n        def later():\n            cursor.execute('SELECT 1 WHERE 1 = ?', [i])\n        callbacks.append(lambda: cursor.execute('SELECT 1'))\n",
    "subquery": "from django.db.models import Subquery\ndef f(names):\n    for name in names:\n        yield Q(x=Subquery(Book.objects.filter(name=name)))\n        yield Q(x__in=Book.objects.filter(name=name))\n",
    "shards": "def f(dbs):\n    for db in dbs:\n        db.execute('SELECT 1 FROM t')\n",
    "executor": "def f(executor, jobs):\n    for job in jobs:\n        executor.execute('SELECT', job)\n        plan.execute(job)\n",
    "allowed on the line": "def f(session, ids):\n    for i in ids:\n        session.get(User, i)  # rca: allow\n",
    "allowed above": "def f(session, ids):\n    for i in ids:\n        # rca: allow, they are in the identity map\n        session.get(User, i)\n",
    "allowed on the loop": "def f(session, ids):\n    for i in ids:  # rca: allow\n        session.get(User, i)\n",
    "cached": "from functools import lru_cache\n@lru_cache\ndef one(i):\n    return session.get(User, i)\ndef f(ids):\n    return [one(i) for i in ids]\n",
}  # fmt: skip


@pytest.mark.parametrize("code", GOOD.values(), ids=GOOD.keys())
def test_what_is_no_query_in_a_loop_is_left_alone(tmp_path, code):
    assert rules(tmp_path, code) == []


CALLED = """\
class Shop:
    def one(self, i):
        return self.session.get(User, i)

    def through(self, i):
        return self.one(i)

    def many(self, ids):
        return [self.through(i) for i in ids]

def load(cursor, i):
    cursor.execute("SELECT 1 FROM t WHERE id = ?", [i])

def all_of(cursor, ids):
    for i in ids:
        load(cursor, i)

def mapped(ids):
    return list(map(find, ids))

def find(i):
    return Book.objects.get(pk=i)
"""


def test_a_function_that_asks_is_found_where_a_loop_calls_it(tmp_path):
    assert rules(tmp_path, CALLED) == [("shop.py", at, "query-in-called-function") for at in (9, 16, 19)]


ALCHEMY = """
    from sqlalchemy.orm import DeclarativeBase, Mapped, relationship
    class Base(DeclarativeBase): ...
    class Order(Base):
        customer: Mapped["Customer"] = relationship()
        lines: Mapped[list["Line"]] = relationship(back_populates="order")
        notes: Mapped[list["Note"]] = relationship(lazy="selectin")
    class Customer(Base):
        orders = relationship("Order", backref="buyer")
    class Line(Base):
        order: Mapped[Order] = relationship()
        product: Mapped["Product"] = relationship()
    class Note(Base): ...
    class Product(Base): ...
    """
LAZY = {
    "for order in session.scalars(select(Order)):\n    order.customer.name": 1,
    "for order in session.scalars(select(Order)).all():\n    order.notes": 0,
    "for order in session.query(Order).options(joinedload(Order.customer)):\n    order.customer.name": 0,
    "for order in session.scalars(select(Order).options(selectinload(Order.lines).joinedload(Line.product))):\n    [line.product.name for line in order.lines]": 0,
    "for order in session.scalars(select(Order).options(selectinload(Order.lines))):\n    [line.product.name for line in order.lines]": 1,
    "statement = select(Order).options(joinedload(Order.customer))\nfor order in session.scalars(statement):\n    order.customer.name": 0,
    "orders = session.scalars(select(Order)).all()\nreturn [order.customer for order in orders]": 1,
    "order = session.get(Order, 1)\nfor n in range(order_count):\n    order.customer": 0,
    "for order in session.scalars(select(Order)):\n    order.customer = None": 0,
    "for at, order in enumerate(session.scalars(select(Order))):\n    order.buyer": 1,
    "for name, order in session.execute(select(Order.name, Order)):\n    order.customer": 0,
    "for order in session.scalars(select(Order)):\n    show(order)": 1,
}  # fmt: skip


@pytest.mark.parametrize(("body", "count"), LAZY.items(), ids=range(len(LAZY)))
def test_lazy_relationships_of_sqlalchemy(tmp_path, body, count):
    code = f"from models import Order, Line\n\ndef f(session):\n{textwrap.indent(body, '    ')}\n\ndef show(order):\n    print(order.customer.name)\n"
    assert [rule for _, _, rule in rules(tmp_path, code, models=ALCHEMY)] == ["lazy-load-in-loop"] * count


DJANGO = """
    from django.db import models
    class Author(models.Model): ...
    class Book(models.Model):
        author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="books")
        tags = models.ManyToManyField("Tag")
    class Tag(models.Model): ...
    class Review(models.Model):
        book = models.ForeignKey("shop.Book", on_delete=models.CASCADE)
    """
KEYS = {
    "for book in Book.objects.all():\n    book.author.name": 1,
    "for book in Book.objects.select_related('author'):\n    book.author.name": 0,
    "for book in Book.objects.all():\n    book.author_id": 0,
    "for review in Review.objects.select_related('book__author').filter(a=1):\n    review.book.author.name": 0,
    "for book in Book.objects.all():\n    book.tags.all()": 1,
    "for book in Book.objects.prefetch_related('tags'):\n    book.tags.all()": 0,
    "for book in Book.objects.prefetch_related('tags'):\n    book.tags.filter(name='x')": 1,
    "for author in Author.objects.all():\n    author.books.count()": 1,
    "for book in Book.objects.all():\n    list(book.review_set.all())": 1,
    "for book in Book.objects.all():\n    book.tags.add(tag)": 0,
    "for book in Book.objects.values('author'):\n    book.author": 0,
    "books = Book.objects.filter(a=1)\nbooks = books.select_related('author')\nfor book in books:\n    book.author.name": 0,
}  # fmt: skip


@pytest.mark.parametrize(("body", "count"), KEYS.items(), ids=range(len(KEYS)))
def test_keys_of_django(tmp_path, body, count):
    code = f"from models import Author, Book, Review\n\ndef f():\n{textwrap.indent(body, '    ')}\n"
    assert [rule for _, _, rule in rules(tmp_path, code, models=DJANGO)] == ["lazy-load-in-loop"] * count


def test_rows_whose_statement_is_elsewhere_are_given_the_benefit_of_the_doubt(tmp_path):
    code = (
        "from models import Order\ndef f(orders: list[Order]):\n    for order in orders:\n        order.customer.name\n"
    )
    assert rules(tmp_path, code, models=ALCHEMY) == [("shop.py", 4, "lazy-load-in-loop")]
    loads = "from models import Order\ndef g(session):\n    return session.scalars(select(Order).options(joinedload(Order.customer)))\n"
    assert rules(tmp_path, code, models=ALCHEMY, other=loads) == []


def test_writes_are_notes_and_do_not_fail(tmp_path):
    code = "def f(cursor, rows):\n    for row in rows:\n        cursor.execute('INSERT INTO t VALUES (?)', row)\n"
    assert rules(tmp_path, code) == [("shop.py", 3, "write-in-loop")]
    assert lint_code([tmp_path]).passed


def test_the_labs_own_defect_is_found_and_nothing_else_there():
    found = lint_code([LAB]).issues
    assert [(Path(issue.path).parent.name, issue.rule) for issue in found] == [("r2_8_0", "lazy-load-in-loop")]
    assert "CartLine.promotions" in found[0].message


def test_the_command(tmp_path, capsys):
    bad = tmp_path / "shop" / "a.py"
    bad.parent.mkdir()
    bad.write_text(BAD["django get"])
    outputs = [f"--{kind}={tmp_path / kind}" for kind in ("markdown", "junit", "sarif")]
    assert main(["lint", str(bad.parent), *outputs, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["issues"][0]["line"] == 4
    assert "query-in-loop" in (tmp_path / "markdown").read_text().replace("\\", "")
    suite = ET.fromstring((tmp_path / "junit").read_text())  # noqa: S314  (our own file)
    assert suite.get("failures") == "1"
    place = json.loads((tmp_path / "sarif").read_text())["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["region"]["startLine"] == 4
    bad.write_text("x = 1\n")
    assert main(["lint", str(bad)]) == 0
    assert main(["lint", str(tmp_path / "absent")]) == 2
    bad.write_text("def f(:\n")
    assert main(["lint", str(bad)]) == 0  # no database call can be in it
    bad.write_text("def execute(:\n")
    assert main(["lint", str(bad)]) == 2
    assert "is not understood as Python" in capsys.readouterr().err


def test_what_is_not_python_is_said(tmp_path):
    with pytest.raises(SourceError, match="holds no Python file"):
        lint_code([tmp_path])
    (tmp_path / "a.py").write_text("def execute(:\n")
    (tmp_path / "b.py").write_text(BAD["cursor"])
    report = lint_code([tmp_path])
    assert len(report.issues) == 1
    assert "a.py" in report.untold[0]
