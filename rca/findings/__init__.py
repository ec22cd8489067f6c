"""Answers: a measure and its statistics made into a claim with an interval, the table behind it and what to doubt."""
