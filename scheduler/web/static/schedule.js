// An addition only: arrow keys go from day to day in the calendar, and the YAML of a post is copied by a press.
"use strict";

document.querySelectorAll("[data-grid]").forEach((grid) => {
  grid.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td, th");
    if (!cell || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const page = document.querySelector(`[data-key="${event.key}"]`);
    if (page) {
      event.preventDefault();
      page.click();
      return;
    }
    const back = getComputedStyle(grid).direction === "rtl" ? "ArrowRight" : "ArrowLeft";
    const forth = back === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
    const steps = { [back]: [0, -1], [forth]: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!steps) return;
    const rows = [...grid.rows];
    let row = rows.indexOf(cell.parentElement);
    let column = cell.cellIndex;
    // On to the next cell that has something to go to, past those without.
    for (;;) {
      row += steps[0];
      column += steps[1];
      const next = rows[row]?.cells[column];
      if (!next) return;
      const link = next.querySelector("a");
      if (link && link.offsetParent) {
        event.preventDefault();
        link.focus();
        return;
      }
    }
  });
});

document.querySelectorAll("[data-copy]").forEach((button) => {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent);
    const said = button.parentElement.querySelector("[data-copied]");
    said.textContent = said.dataset.copied;
  });
});
