"""From one submission to one result: the suites are run, and what failed is explained.

``suites`` runs the checks with pytest, ``grader`` puts the steps in order, ``earlier`` and
``wrong_place`` look again at what failed, ``diagnosis`` names known mistakes, ``verdicts`` makes
the result. Nothing here knows of other submissions, or writes a file.
"""
