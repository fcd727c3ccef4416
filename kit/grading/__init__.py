"""From one submission to one result: runs the suites and explains what failed.

``suites`` runs the checks with pytest, ``grader`` puts the steps in order, ``earlier`` and
``wrong_place`` look again at failed tasks, ``diagnosis`` names known mistakes, ``verdicts`` makes
the result. Nothing here knows about other submissions, and nothing writes a file.
"""
