"""The trust boundary: the student's code on one side, tests and verdicts on the other.

``worker`` is the process that runs a student's code. ``tester`` starts the worker, asks it and
trusts none of its answers. ``wire`` defines everything that passes between them. ``faults`` names
the possible failures, and ``host`` finds out what this machine offers. Nothing here knows a suite,
a task or a result.
"""
