"""Says what is wrong with a failed task.

``catalogue`` reads the assignment's mistakes.py, ``replay`` compares them with a transcript in a
worker, and ``explain`` says what that means for the tasks. See docs/decisions/0007-diagnosis.md.

Where no mistake explains a task, ``compared`` compares its calls with right code, and ``narrow``
says what tells right from wrong, in the ``names`` of the solution and by the ``circumstances`` of
the inputs. See docs/decisions/0018-narrowed.md.

``smallest`` finds small inputs at which a task goes wrong: ``shrinker`` looks for them in the same
worker, with ``differences``, ``scenes`` and ``lines``. See docs/decisions/0019-smallest-example.md.
"""
