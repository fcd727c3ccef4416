"""Makes what the README shows: pictures of the pages, and the output of `make demo`.

`make docs` makes the pictures anew for the site, if a Chromium is installed. `make pictures` renews
those that are committed in `docs/pictures/`, and the output in the README.

    python docs/pictures.py FOLDER              # the pictures, into FOLDER
    python docs/pictures.py FOLDER README.md    # and the output, into README.md
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from demo import ROOT
from PIL import Image
from playwright.sync_api import sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--hide-scrollbars")
WIDTH = 1000
"""CSS pixels of the window. The pictures have as many pixels."""
PICTURES = {"student.png": ("students/priya.html", 900), "class.png": ("index.html", 900)}
"""Of which page each picture is, and how many of its pixels it shows, from the top."""
MOST_BYTES = 150_000
DEMO = "build/demo"
COURSE = "/home/you/nndl-kit"
OUTPUT = re.compile(r"(?<=^```text\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)


def main() -> None:
    """Make the pictures, and the output if a file to put it into is named."""
    out, *readme = map(Path, sys.argv[1:])
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print(f"No picture was renewed: none of {', '.join(BROWSERS)} is installed.")
        return
    with tempfile.TemporaryDirectory() as folder:
        output = printed(Path(folder))
        take(browser, Path(folder) / "report", out)
    for file in readme:
        text = file.read_text("utf-8")
        file.write_text(OUTPUT.sub(lambda _: output, text, count=1), "utf-8")
    print(f"The pictures are in {out}.")


def printed(folder: Path) -> str:
    """What the demo prints without the training, on a machine of yours and in 80 columns."""
    code = "import demo, pathlib, sys; demo.show(pathlib.Path(sys.argv[1]), training=False)"
    run = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code, folder],
        env=os.environ | {"PYTHONPATH": str(ROOT / "docs"), "COLUMNS": "80", "PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    said = run.stdout.replace(str(folder), DEMO).replace(str(ROOT), COURSE)
    return re.sub(r" +$", "", said, flags=re.MULTILINE)


def take(browser: str, pages: Path, out: Path) -> None:
    """Write a PNG of the top of each page into the folder ``out``.

    Raises ValueError if one would be larger than ``MOST_BYTES``.
    """
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=ARGUMENTS)
        page = chromium.new_page(viewport={"width": WIDTH, "height": 900})
        for name, (shown, height) in PICTURES.items():
            page.goto((pages / shown).as_uri())
            clip = {"x": 0, "y": 0, "width": WIDTH, "height": height}
            png = page.screenshot(clip=clip, full_page=True)
            small = io.BytesIO()
            Image.open(io.BytesIO(png)).convert("P", palette=Image.Palette.ADAPTIVE).save(
                small, "PNG", optimize=True
            )
            if small.tell() > MOST_BYTES:
                raise ValueError(f"{name} has {small.tell()} bytes; {MOST_BYTES} are allowed.")
            (out / name).write_bytes(small.getvalue())
        chromium.close()


if __name__ == "__main__":
    main()
