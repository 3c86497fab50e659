// Keys for moderators, and boxes drawn on a picture. Whatever is done here, the page can do without it.
(() => {
  "use strict";

  for (const one of document.querySelectorAll("[data-script]")) one.hidden = false;

  // ── keys: each presses, or goes to, what bears its name ──

  const OFF = "moderation-keys-off";
  const use = document.getElementById("use-keys");
  const kept = (deed) => { try { return deed(); } catch { return null; } }; // storage may be forbidden
  if (use) {
    use.checked = kept(() => localStorage.getItem(OFF)) === null;
    use.addEventListener("change", () => kept(() => use.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1")));
  }

  const inField = (at) => at instanceof Element && at.closest("input:not([type=checkbox], [type=image]), select, textarea, [contenteditable], video");

  const step = (by) => {
    const all = [...document.querySelectorAll("[data-step]")];
    if (!all.length) return false;
    const here = all.findIndex((one) => one.closest("li").contains(document.activeElement));
    const to = all[Math.min(Math.max(here < 0 ? 0 : here + by, 0), all.length - 1)];
    to.focus();
    to.closest("li").scrollIntoView({ block: "nearest" });
    return true;
  };

  const press = (key) => {
    if (key === "j" && step(1)) return true;
    if (key === "k" && step(-1)) return true;
    if (key === "x") {
      const tick = document.activeElement?.closest("li.case")?.querySelector("input[type=checkbox]");
      if (tick) tick.click();
      return Boolean(tick);
    }
    const found = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!found) return false;
    if (found.matches("select")) found.focus();
    else found.click();
    return true;
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.key.length !== 1 || inField(event.target) || (use && !use.checked)) return;
    if (document.querySelector("[popover]:popover-open") && event.key !== "?") return;
    if (press(event.key)) event.preventDefault();
  });

  // ── a form is sent once: an impatient second press decides nothing twice ──

  for (const form of document.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "1";
    });
  }
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  // ── boxes: drawn with a pointer, kept in the number fields ──

  const stage = document.getElementById("stage");
  const boxes = document.getElementById("boxes");
  if (!stage || !boxes) return;
  const picture = stage.querySelector("input[type=image]");
  const drawing = stage.querySelector("svg");
  const tall = drawing.viewBox.baseVal.height; // of the drawing, which is 1000 wide
  const SIDES = ["left", "top", "right", "bottom"];
  stage.classList.add("drawn");
  stage.style.maxWidth = `${Math.round(.8 * window.innerHeight * picture.width / picture.height)}px`;

  const fields = (row) => SIDES.map((side) => row.querySelector(`[name=${side}]`));
  const rows = () => [...boxes.querySelectorAll(".numbers")];
  const isEmpty = (row) => fields(row).every((field) => field.value === "");

  const emptyRow = () => {
    const last = rows().at(-1);
    if (isEmpty(last)) return last;
    const fresh = last.cloneNode(true);
    for (const label of fresh.querySelectorAll("label")) label.removeAttribute("for");
    for (const field of fields(fresh)) { field.value = ""; field.removeAttribute("id"); }
    last.after(fresh);
    return fresh;
  };

  const shape = (box, name) => {
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    rect.setAttribute("class", name);
    place(rect, box);
    drawing.append(rect);
    return rect;
  };
  const place = (rect, [left, top, right, bottom]) => {
    rect.setAttribute("x", left * 1000);
    rect.setAttribute("y", top * tall);
    rect.setAttribute("width", Math.max(right - left, 0) * 1000);
    rect.setAttribute("height", Math.max(bottom - top, 0) * tall);
  };
  const redraw = () => {
    for (const one of drawing.querySelectorAll(".drawn")) one.remove();
    for (const row of rows()) {
      const box = fields(row).map((field) => Number.parseFloat(field.value) / 100);
      if (box.every(Number.isFinite)) shape(box, "mine drawn");
    }
  };
  boxes.addEventListener("input", redraw);

  const tick = (number) => document.querySelector(`[name=face][value="${number}"]`);
  for (const one of drawing.querySelectorAll("[data-face]")) {
    const choice = tick(one.dataset.face);
    choice.addEventListener("change", () => one.classList.toggle("mine", choice.checked));
  }
  const faceAt = ([x, y]) => [...drawing.querySelectorAll("[data-face]")].find((one) => {
    const [left, top, wide, high] = ["x", "y", "width", "height"].map((name, at) => Number(one.getAttribute(name)) / (at % 2 ? tall : 1000));
    return left <= x && x <= left + wide && top <= y && y <= top + high;
  });

  const at = (event) => {
    const edge = picture.getBoundingClientRect();
    const part = (value, start, length) => Math.min(Math.max((value - start) / length, 0), 1);
    return [part(event.clientX, edge.left, edge.width), part(event.clientY, edge.top, edge.height)];
  };
  let from = null;
  let draft = null;
  const between = (one, other) => [
    Math.min(one[0], other[0]), Math.min(one[1], other[1]), Math.max(one[0], other[0]), Math.max(one[1], other[1]),
  ];
  picture.addEventListener("dragstart", (event) => event.preventDefault());
  picture.addEventListener("click", (event) => { if (event.detail) event.preventDefault(); });
  picture.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    from = at(event);
    draft = shape(between(from, from), "mine drawn");
    picture.setPointerCapture(event.pointerId);
  });
  picture.addEventListener("pointermove", (event) => { if (from) place(draft, between(from, at(event))); });
  picture.addEventListener("pointercancel", () => { from = null; redraw(); });
  picture.addEventListener("pointerup", (event) => {
    if (!from) return;
    let box = between(from, at(event));
    if (box[2] - box[0] < .01 || box[3] - box[1] < .01) {
      const face = faceAt(at(event));
      if (face) { // pressed, not drawn: that face is meant
        from = null;
        redraw();
        tick(face.dataset.face).click();
        return;
      }
      const half = .08;
      const high = half * 1000 / tall;
      const [x, y] = at(event);
      box = [Math.max(x - half, 0), Math.max(y - high, 0), Math.min(x + half, 1), Math.min(y + high, 1)];
    }
    fields(emptyRow()).forEach((field, number) => { field.value = (box[number] * 100).toFixed(1); });
    from = null;
    redraw();
  });
})();
