"""What platforms need to grade an assignment: archives and folders made from the course.

Nothing that is packed holds an answer (see ``kit.pack.contents``), so it can lie on machines that
aren't ours. ``run_gradescope`` and ``run_github`` are what runs there.
"""
