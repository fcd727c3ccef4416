"""The trust boundary: a student's code on one side of it, tests and verdicts on the other.

``worker`` is the process that runs a student's code, ``tester`` starts it, asks it and believes
nothing; ``wire`` is all that passes between them, ``faults`` what may go wrong, ``host`` what this
machine offers. Nothing here knows a suite, a task or a result.
"""
