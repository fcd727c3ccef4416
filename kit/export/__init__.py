"""Results in the formats that other tools read: each a small module of pure functions."""


class NoScoreError(Exception):
    """By a fault of ours there is no score; no file may be written that would say 0."""
