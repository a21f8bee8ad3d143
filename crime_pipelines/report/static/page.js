"use strict";
// Tables: each can be sorted by its headings and saved as CSV. Without this script they stand as they are.
const CrimeTables = (() => {
  const value = (cell) => cell.dataset.value ?? cell.textContent.trim();
  const compare = (one, other) => {
    // What is not known comes last, whichever way round.
    if (one === "" || other === "") return one === other ? 0 : one === "" ? Infinity : -Infinity;
    const [a, b] = [Number(one), Number(other)];
    if (!Number.isNaN(a) && !Number.isNaN(b)) return a - b;
    return one < other ? -1 : one > other ? 1 : 0;
  };

  function sort(table, at, descending) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    rows.sort((one, other) => {
      const order = compare(value(one.cells[at]), value(other.cells[at]));
      return Number.isFinite(order) ? (descending ? -order : order) : order;
    });
    body.append(...rows);
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      if (column === at) heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else heading.removeAttribute("aria-sort");
    });
  }

  // A text that a spreadsheet would take for a formula is kept from being one.
  const harmless = (text) => (/^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text);
  const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

  function csv(table) {
    const headings = [...table.tHead.rows[0].cells].filter((cell) => !cell.hidden).map((cell) => cell.dataset.name ?? cell.textContent.trim());
    const rows = [...table.tBodies[0].rows].map((row) => [...row.cells].map(value));
    return [headings, ...rows].map((row) => row.map((cell) => quoted(harmless(cell))).join(",") + "\n").join("");
  }

  function save(table) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv(table)], { type: "text/csv" }));
    link.download = `${table.dataset.name}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  function enhance(table) {
    [...table.tHead.rows[0].cells].forEach((heading, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const numeric = heading.classList.contains("number");
        const now = heading.getAttribute("aria-sort");
        sort(table, at, now ? now === "ascending" : numeric);
      });
    });
    const saver = document.createElement("button");
    saver.type = "button";
    saver.className = "save";
    saver.textContent = "Download CSV";
    saver.setAttribute("aria-label", `Download CSV: ${table.caption.textContent}`);
    saver.addEventListener("click", () => save(table));
    table.closest(".scroll").after(saver);
  }

  document.querySelectorAll("table[data-name]").forEach(enhance);
  return { sort };
})();
