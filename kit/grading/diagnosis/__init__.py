"""Names the known mistakes that make the taught code answer as a submission answered.

``catalogue`` reads the assignment's mistakes.py, ``replay`` compares them with a transcript in a
worker, and ``explain`` says what that means for the tasks. See docs/decisions/0007-diagnosis.md.

Where no mistake explains a task, ``compared`` compares its calls with right code, and ``narrow``
says what tells right from wrong, in the ``names`` of the solution and by the ``circumstances`` of
the inputs. See docs/decisions/0018-narrowed.md.
"""
