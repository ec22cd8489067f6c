"""A plugin of pytest that stops queries in loops before they are merged.

Markers ``max_queries(n)`` and ``no_n_plus_one(limit)`` watch a whole test; the fixtures ``max_queries`` and ``assert_no_n_plus_one`` watch a
block; the fixture ``queries`` lets a test look for itself. They see SQLAlchemy, Django, drivers of the DB-API and any library that
writes OpenTelemetry spans. Installed with the package; nothing is imported or hooked until a test asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from rca.guards.recorder import Recorder

__all__ = ["Queries", "assert_no_n_plus_one", "max_queries", "queries"]

_FIXTURES = {"max_queries", "assert_no_n_plus_one", "queries"}
_MARKERS = ("max_queries", "no_n_plus_one")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that watches every test."""
    group = parser.getgroup("rca")
    group.addoption(
        "--no-n-plus-one",
        action="store_true",
        help="fail every test in which one line makes one database statement more often than --n-plus-one-limit",
    )
    group.addoption(
        "--n-plus-one-limit", metavar="N", type=int, default=3, help="for --no-n-plus-one; 3 where left out"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers."""
    config.addinivalue_line("markers", "max_queries(most): the test makes at most so many database calls")
    config.addinivalue_line(
        "markers",
        "no_n_plus_one(limit=3): no line of code makes one database statement more often than that in the test",
    )


def pytest_collection_finish(session: pytest.Session) -> None:
    """Put hooks into the database libraries before any fixture opens a connection, if a test is watched."""
    if session.config.getoption("--no-n-plus-one") or any(_watched(item) for item in session.items):
        _install()


def _watched(item: pytest.Item) -> bool:
    return bool(_FIXTURES & set(getattr(item, "fixturenames", ()))) or any(
        item.get_closest_marker(name) for name in _MARKERS
    )


def _install() -> None:
    from rca.guards.hooks import install

    install()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Count the calls of the test itself, not of its fixtures, and judge them when it has passed."""
    most = item.get_closest_marker("max_queries")
    loops = item.get_closest_marker("no_n_plus_one")
    everywhere = item.config.getoption("--no-n-plus-one")
    if most is None and loops is None and not everywhere:
        return (yield)
    usual = item.config.getoption("--n-plus-one-limit")
    limit = _number(loops, "limit", usual) if loops or everywhere else None
    ceiling = _number(most, "most") if most else None
    from rca.guards import limits
    from rca.guards.recorder import recorded

    _install()
    with recorded() as calls:
        result = yield
    try:
        if ceiling is not None:
            limits.check_count(calls, ceiling, item.nodeid)
        if limit is not None:
            limits.check_repeats(calls, limit, item.nodeid)
    except limits.TooManyQueriesError as error:
        pytest.fail(str(error), pytrace=False)
    return result


def _number(marker: pytest.Mark | None, name: str, default: int | None = None) -> int:
    given: tuple[Any, ...] = ()
    if marker is not None:
        given = (*marker.args, *(marker.kwargs[key] for key in marker.kwargs if key == name))
        unknown = sorted(set(marker.kwargs) - {name})
        if unknown or len(given) > 1:
            raise pytest.UsageError(f"Marker {marker.name} takes one number, {name}: @pytest.mark.{marker.name}(5).")
    value = given[0] if given else default
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        word = marker.name if marker else "no_n_plus_one"
        raise pytest.UsageError(f"Marker {word} takes a whole number of at least 0, not {value!r}.")
    return value


class Queries:
    """The database calls of a test, for a test that looks for itself."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    @property
    def count(self) -> int:
        """Database calls until now."""
        return self._recorder.count

    @property
    def statements(self) -> list[str]:
        """The statements as they were sent."""
        return self._recorder.statements

    @staticmethod
    def watch(connection: Any) -> Any:
        """Return a DB-API connection of a driver written in C as one whose calls are counted."""
        from rca.guards.hooks import watch

        return watch(connection)


@pytest.fixture
def queries() -> Iterator[Queries]:
    """Count the database calls of the test: ``queries.count``, ``queries.statements``."""
    from rca.guards.recorder import recorded

    with recorded() as calls:
        yield Queries(calls)


@pytest.fixture
def max_queries(request: pytest.FixtureRequest) -> Callable[[int], AbstractContextManager[Recorder]]:
    """Return a context manager: ``with max_queries(2): …`` fails when the block makes more database calls."""
    name = request.node.nodeid

    @contextmanager
    def block(most: int) -> Iterator[Recorder]:
        from rca.guards.limits import check_count
        from rca.guards.recorder import recorded

        _install()
        with recorded() as calls:
            yield calls
        check_count(calls, most, name)

    return block


@pytest.fixture
def assert_no_n_plus_one(request: pytest.FixtureRequest) -> Callable[..., AbstractContextManager[Recorder]]:
    """Return a context manager: ``with assert_no_n_plus_one(): …`` fails when the block asks the database in a loop."""
    name = request.node.nodeid

    @contextmanager
    def block(limit: int = 3) -> Iterator[Recorder]:
        from rca.guards.limits import check_repeats
        from rca.guards.recorder import recorded

        _install()
        with recorded() as calls:
            yield calls
        check_repeats(calls, limit, name)

    return block
