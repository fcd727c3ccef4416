"""The API for authors of suites, and the only part of the kit that suites import.

``student`` calls the submission and ``expect`` judges values; ``documented`` reads the calls that
the notebook shows; ``derivatives`` are for oracles, ``mistakes`` for catalogues, ``training`` for
tasks that train; ``plugin`` makes them known to pytest. See docs/checks.md. Nothing here knows an
assignment.
"""
