"""Reading logs: every line framed, envelopes opened, times, severities and ids brought to one form, nothing dropped.

One pipeline reads them all. A block of lines is cut into records (JSON objects, lines with a header, their
continuations); each record becomes a :class:`rca.ingest.logs.rows.Row`; a batch of rows becomes columns. What a line is
depends on the line alone, never on statistics of its file: a file read whole, in parts or while it grows gives the same
rows.
"""
