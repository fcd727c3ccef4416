"""The wiring into nbgrader, so that its own commands and its formgrader work on this course."""

import os
import sys

c = get_config()  # noqa: F821 (nbgrader defines it when it reads this file)

c.CourseDirectory.course_id = "nndl"
# nbgrader generate_solution replaces what is there: never the authored solutions/
c.CourseDirectory.solution_directory = os.path.join("build", "solution")
# a new gradebook is made by calling alembic, which lies beside our Python
os.environ["PATH"] = os.pathsep.join(
    dict.fromkeys([os.path.dirname(sys.executable), *os.environ.get("PATH", "").split(os.pathsep)])
)

# -- generate_assignment: nbgrader's release is replaced by the one that `kit release` makes

c.GenerateAssignment.force = True  # release/ is generated, and in git: it is always there already
c.GenerateAssignment.post_convert_hook = "kit.release.hook.publish"
c.ClearSolutions.text_stub = "*Write your answer here.*"
c.ClearSolutions.code_stub = {
    "python": 'raise NotImplementedError("Write your answer here.")',
}

# -- zip_collect: archives named by student, with or without a folder in them

c.FileNameCollectorPlugin.named_regexp = (
    r".*/extracted/(?P<student_id>[^/]+)/(?:[^/]+/(?=[^/]+\.ipynb$))?(?P<file_id>.+)"
)
c.FileNameCollectorPlugin.valid_ext = [".ipynb", ".py"]

# -- autograde: no kernel is started; scores come from the sandbox

c.Autograde.sanitize_preprocessors = [
    "kit.nbgrader.plain.Plain",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "kit.nbgrader.autograde.Grade",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# -- feedback and formgrader: what a student wrote is text on their pages

c.HTMLExporter.filters = {"markdown2html": "kit.nbgrader.markdown.to_html"}
c.HTMLExporter.sanitize_html = True

# the whole notebook trains for minutes; nbgrader would give a cell 30 seconds
c.ExecutePreprocessor.timeout = 1800
