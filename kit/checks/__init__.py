"""What the authors of suites use, and all that they import of the kit; see docs/checks.md.

``student`` calls the submission and ``expect`` judges values; ``documented`` reads the calls that
the notebook shows; ``derivatives`` are for oracles, ``mistakes`` for catalogues, ``training`` for
tasks that train; ``plugin`` gives all of it to pytest. Nothing here knows an assignment.
"""
