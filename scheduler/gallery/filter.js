// The filters work by CSS alone. This adds what CSS can't: the counts, days that are empty for two filters
// together, Escape, and folds opened for print.
"use strict";
const form = document.getElementById("filters");
const result = document.getElementById("result");
const nothing = document.getElementById("nothing");
const days = [...document.querySelectorAll(".day")].map((day) => ({
  day,
  link: document.querySelector(`a[href="#${day.id}"]`),
  posts: [...day.querySelectorAll(".post")],
  tallies: [...document.querySelectorAll(`#${day.id} > h2 .count, a[href="#${day.id}"] .count`)],
  every: day.querySelector("h2 .count").textContent,
}));

function some(n, all) {
  return result.dataset.some.replace("{n}", n).replace("{all}", all);
}

function count() {
  const chosen = [...form.querySelectorAll("[data-facet]")]
    .map((facet) => [...facet.querySelectorAll(":checked")].map((box) => box.id))
    .filter((boxes) => boxes.length);
  let shown = 0;
  for (const { day, link, posts, tallies, every } of days) {
    const left = posts.filter((post) => chosen.every((boxes) => boxes.some((box) => post.classList.contains(box))));
    shown += left.length;
    day.hidden = left.length === 0;
    const tally = left.length === posts.length ? every : some(left.length, posts.length);
    for (const place of tallies) place.textContent = tally;
    if (link) link.parentElement.hidden = day.hidden;
  }
  const all = result.dataset.all;
  result.textContent = chosen.length ? some(shown, all) : result.dataset.every;
  nothing.hidden = shown > 0 || days.length === 0;
}

form.addEventListener("change", count);
form.addEventListener("reset", () => setTimeout(count));
form.addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && form.querySelector("details[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const open of form.querySelectorAll("details[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});
window.addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll(".post details")) fold.open = true;
});
document.getElementById("posts").classList.add("counted");
count();
