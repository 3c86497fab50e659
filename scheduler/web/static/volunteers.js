// Volunteers' pages: what is nicer with a script. Everything works without it.
"use strict";

const all = (what, where = document) => [...where.querySelectorAll(what)];

// ── leaving ──
const leave = () => {
  const exit = document.querySelector("[data-exit]");
  document.documentElement.hidden = true;
  location.replace(exit ? exit.href : "https://www.wikipedia.org/");
};
let escaped = 0;
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-exit]")) return;
  event.preventDefault();
  leave();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (event.timeStamp - escaped < 1500) leave();
  escaped = event.timeStamp;
});

// ── copying and printing ──
const copying = () => {
  for (const button of all("[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    const said = button.innerHTML;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).innerText.trim());
      button.textContent = button.dataset.done;
      setTimeout(() => { button.innerHTML = said; }, 2000);
    });
  }
  for (const button of all("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
};

// ── the file: a bar, and a second and third try with the same word, so that it arrives once ──
const uploading = (form) => {
  const box = form.querySelector("[data-sending]");
  const words = box.querySelector("p");
  const bar = box.querySelector("progress");
  const button = form.querySelector("button");
  const sending = words.textContent;
  const show = (text) => { words.textContent = text; };
  const stop = (text) => { button.disabled = false; bar.hidden = true; show(text); };
  const send = (data, tries) => {
    const line = new XMLHttpRequest();
    line.open("POST", form.action);
    line.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      bar.value = Math.round((100 * event.loaded) / event.total);
      if (event.loaded === event.total) show(form.dataset.sent);
      else show(`${sending} ${bar.value} %`);
    });
    line.addEventListener("load", () => {
      if (line.status === 200) { location.assign(line.responseURL); return; }
      if ((line.status >= 500 || line.status === 429) && tries > 1) { again(data, tries); return; }
      replace(line.responseText);
    });
    for (const fault of ["error", "timeout"]) {
      line.addEventListener(fault, () => (tries > 1 ? again(data, tries) : stop(form.dataset.failed)));
    }
    line.send(data);
  };
  const again = (data, tries) => {
    show(form.dataset.again);
    setTimeout(() => send(data, tries - 1), 3000 * (6 - tries));
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const data = new FormData(form);
    box.hidden = false;
    bar.hidden = false;
    button.disabled = true;
    show(sending);
    send(data, 4);
  });
};
const replace = (text) => {
  const page = new DOMParser().parseFromString(text, "text/html");
  document.querySelector("main").replaceWith(document.adoptNode(page.querySelector("main")));
  document.title = page.title;
  begin();
  const wrong = document.querySelector("[role=alert], h1");
  wrong.tabIndex = -1;
  wrong.focus();
};

// ── the message: the card as it will look, while one writes ──
const previewing = (form) => {
  const box = form.querySelector("[data-live-box]");
  const picture = box && box.querySelector("img");
  const message = form.elements.message;
  const count = form.querySelector("[data-count]");
  let timer = 0;
  let turn = 0;
  const draw = async () => {
    turn += 1;
    const mine = turn;
    if (!message.value.trim()) return;
    const body = new URLSearchParams({ message: message.value, language: form.elements.language.value });
    try {
      const answer = await fetch(form.dataset.live, { method: "POST", body });
      if (!answer.ok || mine !== turn) return;
      const old = picture.src;
      picture.src = URL.createObjectURL(await answer.blob());
      if (old.startsWith("blob:")) URL.revokeObjectURL(old);
      box.hidden = false;
    } catch { /* the line is down: the next page shows it */ }
  };
  const changed = () => {
    message.lang = form.elements.language.value;
    count.hidden = false;
    count.textContent = count.dataset.count.replace("{n}", message.maxLength - message.value.length);
    clearTimeout(timer);
    if (box) timer = setTimeout(draw, 450);
  };
  message.addEventListener("input", changed);
  form.elements.language.addEventListener("change", changed);
  changed();
};

// ── faces: draw a box, press one to turn it on or off ──
const covering = (form) => {
  const holder = form.querySelector("[data-picture]");
  const marks = holder.querySelector("svg");
  const chips = form.querySelector("[data-chips]");
  const high = marks.viewBox.baseVal.height;
  const presses = all("input[type=image]", holder);
  const picture = new Image();
  picture.src = presses[0].src;
  picture.alt = "";
  picture.draggable = false;
  picture.width = 1000;
  picture.height = high;
  holder.prepend(picture);
  for (const press of presses) press.remove();
  holder.classList.add("drawn");
  const make = (name, values) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(values)) made.setAttribute(key, value);
    return made;
  };
  const place = (rect, box) => {
    const [left, top, right, bottom] = box;
    const sides = { x: left * 1000, y: top * high, width: (right - left) * 1000, height: (bottom - top) * high };
    for (const [key, value] of Object.entries(sides)) rect.setAttribute(key, value);
  };
  const bind = (mark, chip) => {
    const tick = chip.querySelector("input");
    tick.addEventListener("change", () => mark.classList.toggle("on", tick.checked));
    mark.addEventListener("click", () => { tick.checked = !tick.checked; mark.classList.toggle("on", tick.checked); });
  };
  const all_marks = () => all("[data-mark]", marks);
  all_marks().forEach((mark, at) => bind(mark, chips.children[at]));
  const add = (box) => {
    const number = chips.children.length + 1;
    const value = box.map((edge) => edge.toFixed(4)).join(",");
    const mark = make("g", { class: "mark on", "data-mark": value });
    const rect = make("rect", { rx: 6 });
    place(rect, box);
    const x = Math.min(box[0] * 1000 + 30, 966);
    const y = Math.max(box[1] * high + 30, 34);
    const text = make("text", { x, y: y + 12 });
    text.textContent = number;
    mark.append(rect, make("circle", { cx: x, cy: y, r: 28 }), text);
    marks.append(mark);
    const chip = document.createElement("label");
    chip.className = "chip";
    const tick = Object.assign(document.createElement("input"), { type: "checkbox", name: "box", value, checked: true });
    const words = document.createElement("span");
    words.textContent = form.dataset.label.replace("{n}", number);
    chip.append(tick, words);
    chips.append(chip);
    bind(mark, chip);
  };
  const within = (value) => Math.min(Math.max(value, 0), 1);
  const at = (event) => {
    const frame = marks.getBoundingClientRect();
    return [within((event.clientX - frame.left) / frame.width), within((event.clientY - frame.top) / frame.height)];
  };
  const around = (one, other) => [
    Math.min(one[0], other[0]), Math.min(one[1], other[1]), Math.max(one[0], other[0]), Math.max(one[1], other[1]),
  ];
  let start = null;
  let ghost = null;
  marks.addEventListener("pointerdown", (event) => {
    if (event.target.closest("[data-mark]")) return;
    start = at(event);
    ghost = make("rect", { class: "ghost", rx: 6 });
    marks.append(ghost);
    marks.setPointerCapture(event.pointerId);
  });
  marks.addEventListener("pointermove", (event) => { if (start) place(ghost, around(start, at(event))); });
  const end = (event) => {
    if (!start) return;
    let box = around(start, at(event));
    if ((box[2] - box[0]) * 1000 < 15 || (box[3] - box[1]) * high < 15) {
      const tall = 100 / high;
      box = [within(start[0] - 0.08), within(start[1] - tall), within(start[0] + 0.08), within(start[1] + tall)];
    }
    ghost.remove();
    start = null;
    if (event.type === "pointerup") add(box);
  };
  marks.addEventListener("pointerup", end);
  marks.addEventListener("pointercancel", end);
};

// ── the code of a withdrawal link: it goes into its field, and out of the address and the history ──
const coding = (form) => {
  const take = () => {
    const code = decodeURIComponent(location.hash.slice(1));
    if (!code) return;
    form.elements.code.value = code;
    history.replaceState(null, "", location.pathname);
  };
  take();
  addEventListener("hashchange", take); // the link, opened where the page is open already
};

const begin = () => {
  copying();
  all("[data-upload]").forEach(uploading);
  all("form[action='/add/message']").forEach(previewing);
  all("[data-faces]").forEach(covering);
  all("[data-code]").forEach(coding);
};
begin();
