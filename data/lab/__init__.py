"""The incident lab: a small shop of real services and a real PostgreSQL server that can be broken on purpose.

Run it in ``data/``: ``python -m lab record --scenario checkout --out DIR --seed 7``. What it writes is what a team would
have after an incident; what the load generator saw is kept apart as the truth.
"""
