"""For `nbgrader validate` in this folder: training takes longer than the usual 30 seconds."""

c = get_config()  # noqa: F821 (nbgrader defines it when it reads this file)

c.Execute.timeout = 1800  # seconds a cell
