"""What students receive, made from source and solutions, and the proofs that it is right.

``new`` writes an assignment to start from. ``build`` makes the release: ``section`` writes into its
notebook how points are given, ``guide`` writes its README.md, and ``sealed`` locks the sentences
about known mistakes. ``leaks`` looks for answers in it, ``proofs`` grades skeleton and solution,
``notebook`` runs the notebook with the solution, and ``coverage`` hands in every known mistake.
Nothing here reads what students hand in.
"""
