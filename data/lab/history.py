"""The shop's own commits: diffs between the releases that really run, and the files that a fix adds."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["COMMITS", "Commit", "commit"]

SERVICES = Path(__file__).parent / "services"
INDEX_SQL = "CREATE INDEX CONCURRENTLY promotions_user_id_idx ON promotions (user_id);\n"


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: which release it turned into which."""

    name: str
    message: str
    service: str
    before: str
    after: str
    added: tuple[tuple[str, str], ...] = ()

    @property
    def changed(self) -> dict[str, str]:
        """Unified diffs by path in the repository."""
        diffs: dict[str, str] = {}
        for path in sorted((SERVICES / self.service / "releases" / self.after).glob("*.py")):
            old = _read(SERVICES / self.service / "releases" / self.before / path.name)
            new = _read(path)
            if path.name != "__init__.py" and old != new:
                name = f"{self.service}/{path.name}"
                diffs[name] = _diff(name, old, new)
        for name, text in self.added:
            diffs[name] = _diff(name, "", text)
        return diffs

    @property
    def sha(self) -> str:
        """An id of 40 hex digits that depends on the message and the change."""
        return hashlib.sha1((self.message + "".join(self.changed.values())).encode()).hexdigest()


def _read(path: Path) -> str:
    # A release's module path is a matter of how the lab keeps three releases side by side, not of the shop.
    return path.read_text().replace(f"releases.{path.parent.name}.", "") if path.exists() else ""


def _diff(name: str, old: str, new: str) -> str:
    lines = difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{name}" if old else "/dev/null", f"b/{name}"
    )
    return "".join(lines)


COMMITS = (
    Commit("gateway_headers", "gateway: add security headers to responses", "gateway", "r3_1_3", "r3_1_4"),
    Commit(
        "personalised",
        "checkout: personalized promotions for gold shoppers\n\nBehind the flag personalized_promotions.",
        "checkout", "r2_7_0", "r2_8_0",
    ),
    Commit(
        "batch_fetch",
        "checkout: fetch a shopper's promotions once, at most 12, fall back to site-wide offers\n\n"
        "Adds the index on promotions(user_id).",
        "checkout", "r2_8_0", "r2_9_0",
        (("migrations/0042_promotions_user_id_idx.sql", INDEX_SQL),),
    ),
)  # fmt: skip


def commit(name: str) -> Commit:
    """Find a commit by its name here."""
    return next(found for found in COMMITS if found.name == name)
