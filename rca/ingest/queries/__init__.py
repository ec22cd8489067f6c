"""Slow-query logs and exports of statement statistics, one row of ``queries`` a statement with a length."""

from __future__ import annotations
