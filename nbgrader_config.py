"""The wiring into nbgrader, so that its own commands and its formgrader work on this course."""

c = get_config()  # noqa: F821 (nbgrader defines it when it reads this file)

c.CourseDirectory.course_id = "nndl"
# the whole notebook trains for minutes; nbgrader would give a cell 30 seconds
c.ExecutePreprocessor.timeout = 1800
c.ClearSolutions.text_stub = "*Write your answer here.*"
c.ClearSolutions.code_stub = {
    "python": 'raise NotImplementedError("Write your answer here.")',
}
