"""Statements without their values: digests, what a statement does, and the tags in its comments.

Nothing here opens a store or a connection; :func:`describe` and the digests are exact for one statement, and
:func:`digest_many` gives the same answers for millions by looking exactly at one statement of each kind only.
"""

from __future__ import annotations

from rca.digests.comments import tags
from rca.digests.dialects import family
from rca.digests.many import Digester, digest_many
from rca.digests.one import STYLES, digest, digest_id
from rca.digests.statement import Statement, describe

__all__ = ["STYLES", "Digester", "Statement", "describe", "digest", "digest_id", "digest_many", "family", "tags"]
