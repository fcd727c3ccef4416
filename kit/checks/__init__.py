"""What the authors of suites use: ``expect`` judges values, ``student`` calls the submission.

Nothing here knows an assignment: no optimizer, no layer, no data set.
"""
