"""Writes the one archive to hand in, after a look at what goes into it.

In the notebook ``hand_in()``; in a terminal ``python -m utils.hand_in``.
"""

import argparse
import json
import sys
import zipfile

from utils.check import FOLDER, homework, report, unwritten

ANSWER = "*Write your answer here.*"
"""What stands in the notebook where a question is not answered."""


def hand_in(unfinished=False):
    """Show a table of the tasks, and write the archive beside the notebook.

    - unfinished: write it even where something is missing or not valid Python.

    Returns nothing, since a notebook would show it below what is printed.
    """
    write(unfinished)


def write(unfinished=False):
    """Do what `hand_in` does.

    Returns the path of the archive, or None where it was not written.
    """
    report()
    known = homework()
    found = problems(known)
    for problem in found:
        print(f"- {problem}")
    names = [name for name in files(known) if (FOLDER / name).is_file()]
    if found and not (unfinished and names):
        print(
            "Nothing was written. Correct this, or hand in what you have:\n"
            "  in the notebook: hand_in(unfinished=True)\n"
            "  in a terminal: python -m utils.hand_in --unfinished"
        )
        return None
    archive = FOLDER / f"{known['assignment']}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        for name in names:
            written.write(FOLDER / name, name)
    with zipfile.ZipFile(archive) as written:
        broken = written.testzip()
    if broken:
        raise OSError(f"{archive} cannot be read again ({broken}). Is the disk full?")
    print(f"{archive.name} is written. Hand in this one file. It holds, as they are saved now:")
    for name in names:
        print(f"  {name}")
    return archive


def files(known):
    """The files that are graded, your own modules beside them, and the notebook.

    - known: what `homework` says.
    """
    graded = list(known["files"])
    folders = sorted({name.rpartition("/")[0] for name in graded})
    found = (path for folder in folders for path in sorted((FOLDER / folder).rglob("*.py")))
    own = [path.relative_to(FOLDER).as_posix() for path in found]
    more = [name for name in own if name not in known["given"] and name not in graded]
    return [*graded, *more, known["notebook"]]


def problems(known):
    """What is not ready to be handed in, a sentence each.

    - known: what `homework` says.
    """
    found = []
    for name in files(known):
        try:
            data = (FOLDER / name).read_bytes()
        except OSError as error:
            found.append(f"{name} cannot be opened ({error.strerror}).")
            continue
        if name.endswith(".ipynb"):
            found += _problems_of_notebook(name, data)
        else:
            found += _problems_of_code(name, data)
    stubs = dict.fromkeys((task, name) for task, name, _ in unwritten(known["files"]))
    bring = "copy your own from the earlier homework over it"
    return found + [
        f"{name}: {f'{task} is not written' if task else bring}." for task, name in stubs
    ]


def _problems_of_code(name, data):
    try:
        compile(data, name, "exec", dont_inherit=True)
    except SyntaxError as error:
        return [f"{name}, line {error.lineno} is not valid Python: {error.msg}."]
    except ValueError as error:
        return [f"{name} is not a Python file: {error}."]
    return []


def _problems_of_notebook(name, data):
    try:
        cells = json.loads(data.decode("utf-8"))["cells"]
        empty = [cell for cell in cells if "".join(cell["source"]).strip() == ANSWER]
    except (ValueError, KeyError, TypeError):
        return [f"{name} cannot be read as a notebook. Open it in Jupyter and save it."]
    return [f"{name}: a question has no answer yet." for _ in empty[:1]]


def main(arguments=None):
    """The command line; exit code 1 where nothing was written."""
    parser = argparse.ArgumentParser(
        prog="python -m utils.hand_in", description="Writes the archive to hand in."
    )
    parser.add_argument(
        "--unfinished", action="store_true", help="write it even where work is missing"
    )
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a console may lack some letters
    return 0 if write(parser.parse_args(arguments).unfinished) else 1


if __name__ == "__main__":
    sys.exit(main())
