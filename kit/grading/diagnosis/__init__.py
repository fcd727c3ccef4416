"""Names the known mistakes with which the taught code does what a submission was seen to do.

``catalogue`` reads the assignment's mistakes.py, ``replay`` compares them with a transcript, in a
worker, and ``explain`` says what that means for the tasks. See docs/decisions/0007-diagnosis.md.
"""
