"""The machinery that every assignment shares: release, isolation, grading, results.

Nothing in here knows what an assignment is about: it reads ``source/``, ``solutions/`` and
``autograder/`` of a course and treats every assignment alike.
"""
