"""Says what is wrong with a failed task.

``catalogue`` reads the assignment's mistakes.py, ``replay`` compares them with a transcript in a
worker, and ``explain`` says what that means for the tasks (docs/decisions/0007-diagnosis.md).
``smallest`` finds small inputs that show it: ``shrinker`` looks for them in the same worker, with
``differences``, ``scenes`` and ``lines`` (docs/decisions/0019-smallest-example.md).
"""
