"use strict";
{
  const table = document.getElementById("submissions");
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  const tasksBegin = headings.findIndex((heading) => "task" in heading.dataset);
  const rows = [...body.rows].map((row) => ({ row, text: row.textContent.toLowerCase() }));
  const collator = new Intl.Collator("en", { numeric: true });
  const search = document.getElementById("search");
  const which = document.getElementById("which");
  const failed = document.getElementById("failed");
  const shown = document.getElementById("shown");

  const text = (row, column) => row.cells[column].textContent.trim();
  const number = (row, column) => {
    const found = text(row, column).match(/-?\d+(\.\d+)?(e[+-]?\d+)?/);
    return found ? Number(found[0]) : -Infinity;
  };

  function sort(column) {
    const heading = headings[column];
    const numeric = heading.dataset.sort === "number";
    const before = heading.getAttribute("aria-sort");
    const down = before === "ascending";
    for (const each of headings) each.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = numeric ? number : text;
    const keyed = rows.map((each) => ({ each, key: key(each.row, column) }));
    keyed.sort((a, b) => {
      const order = numeric ? Math.sign(a.key - b.key) || 0 : collator.compare(a.key, b.key);
      return down ? -order : order;
    });
    keyed.forEach(({ each }, place) => { rows[place] = each; });
    body.append(...rows.map((each) => each.row));
  }

  function filter() {
    const wanted = search.value.trim().toLowerCase();
    let count = 0;
    for (const { row, text } of rows) {
      const visible = text.includes(wanted)
        && (!which.value || row.dataset.is.split(" ").includes(which.value))
        && (!failed.value || row.cells[tasksBegin + Number(failed.value)].className === "f");
      row.hidden = !visible;
      count += visible;
    }
    shown.textContent = `${count} of ${rows.length} shown`;
  }

  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(column));
    heading.append(button);
  });
  const tools = document.getElementById("tools");
  tools.addEventListener("submit", (event) => event.preventDefault());
  tools.addEventListener("input", filter);
  tools.hidden = false;
  filter();
}
