"""What students receive, made from source and solutions, and the proofs that it is right.

``build`` makes it, ``section`` writes in its notebook how points are given, ``sealed`` locks what it
says of known mistakes, ``leaks`` looks for answers in it, ``proofs`` grades skeleton and solution,
``coverage`` hands in every known mistake. Nothing here reads what a student handed in.
"""
