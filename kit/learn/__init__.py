"""What a class teaches the catalogue: failed tasks that no known mistake explains, grouped by
their answers.

``run`` leads. ``unexplained`` chooses what is run again, ``probe`` runs it in testers, ``groups``
puts together what answers alike. ``alike`` and ``functions`` are sent to workers, since they
compute with arrays or parse text that students made. ``nameless``, ``entry`` and ``page`` make what
is kept.
"""
