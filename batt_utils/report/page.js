"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const COLOURS = ["#000000", "#0074d9", "#ff4136", "#2ecc40", "#ffdc00", "#aaaaaa", "#f012be", "#ff851b", "#7fdbff", "#870c25"];
const LIGHT_DIGITS = new Set(["0", "1", "9"]); // their colours are dark
const MARKS = { solved: "✓", nearly: "◐", partly: "◔", none: "✗" };
const KINDS = {
  iz: (score) => `differences closed: ${times(score)} (iz)`,
  zo: (score) => `differences opened: ${times(score)} (zo)`,
  points: (score) => `${score} points`,
};
const ORDERS = {
  interest: () => 0, // as they come
  id: (a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  right: (a, b) => b.right - a.right,
  links: (a, b) => b.links[0] + b.links[1] - a.links[0] - a.links[1],
  tries: (a, b) => b.tries - a.tries,
  seconds: (a, b) => b.seconds - a.seconds,
};

const find = (id) => document.getElementById(id);
const list = find("list");
const article = find("task");
const digits = find("digits");
let visible = data.tasks;
let current = null;

// Words

const times = (number) => (number === 1 ? "once" : `${number} times`);
const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;
const short = (md5) => md5.slice(0, 8);

// Elements: what is given as text stays text

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function link(text, href) {
  return href ? make("a", { href }, text) : text;
}

// Grids

function picture(name, grid, target) {
  const rows = grid.split("|");
  const wanted = target === undefined ? rows : target.split("|");
  const height = rows.length, width = rows[0].length;
  const least = digits.checked ? 13 : 5;
  const cell = Math.max(least, Math.min(26, Math.floor(190 / Math.max(width, height))));
  const scale = Math.max(1, window.devicePixelRatio || 1);
  const canvas = make("canvas", {
    role: "img",
    "aria-label": `${name}, ${height} by ${width}` + (digits.checked ? `: ${rows.join(" ")}` : ""),
    width: Math.round((width * cell + 1) * scale),
    height: Math.round((height * cell + 1) * scale),
  });
  canvas.style.width = `${width * cell + 1}px`;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  pen.fillStyle = "#555555";
  pen.fillRect(0, 0, width * cell + 1, height * cell + 1);
  const same = rows.length === wanted.length && width === wanted[0].length;
  rows.forEach((row, y) => [...row].forEach((colour, x) => {
    pen.fillStyle = COLOURS[colour];
    pen.fillRect(x * cell + 1, y * cell + 1, cell - 1, cell - 1);
    if (same && colour !== wanted[y][x]) markWrong(pen, x * cell, y * cell, cell);
    if (digits.checked) drawDigit(pen, colour, x * cell + cell / 2, y * cell + cell / 2, cell);
  }));
  return canvas;
}

function markWrong(pen, x, y, cell) {
  const thick = cell > 10 ? 2 : 1;
  pen.lineWidth = thick;
  [["#ffffff", 1], ["#000000", 1 + thick]].forEach(([colour, inset]) => {
    pen.strokeStyle = colour;
    const size = cell - 2 * inset - thick + 1;
    if (size > 0) pen.strokeRect(x + inset + thick / 2, y + inset + thick / 2, size, size);
  });
}

function drawDigit(pen, digit, x, y, cell) {
  pen.fillStyle = LIGHT_DIGITS.has(digit) ? "#ffffff" : "#000000";
  pen.font = `${Math.round(cell * 0.6)}px sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(digit, x, y + 1);
}

function compare(grid, target) {
  if (target === undefined) return "not compared";
  if (grid === target) return "right";
  const [rows, wanted] = [grid.split("|"), target.split("|")];
  const shape = (of) => `${of.length} x ${of[0].length}`;
  if (shape(rows) !== shape(wanted)) return `${shape(rows)} instead of ${shape(wanted)}`;
  const cells = [...grid].filter((cell, place) => cell !== target[place]).length;
  return `${cells} of ${count(rows.length * rows[0].length, "cell")} wrong`;
}

// A task

function showSample(sample) {
  const input = data.grids[sample.input], target = sample.output === null ? undefined : data.grids[sample.output];
  const outputs = make("div", { class: "outputs" });
  const row = make("div", { class: "samples" },
    make("figure", {}, picture(`${sample.name}, input`, input), make("figcaption", {}, "input")),
    make("figure", { class: "target" }, ...(target ? [picture(`${sample.name}, expected output`, target)] : []),
      make("figcaption", {}, target ? "expected" : "expected: unknown")), outputs);
  for (const [number, program, more] of sample.outputs) {
    const by = `#${program + 1}${more ? ` and ${more} more` : ""}`;
    const grid = data.grids[number], verdict = compare(grid, target);
    outputs.append(make("figure", {}, picture(`${sample.name}, output of program ${by}, ${verdict}`, grid, target),
      make("figcaption", {}, `${by}: `, make("strong", { class: { right: "solved", "not compared": "faint" }[verdict] || "problem" }, verdict))));
  }
  const widths = [...outputs.querySelectorAll("canvas")].map((canvas) => parseFloat(canvas.style.width));
  outputs.style.setProperty("--widest", `${Math.max(0, ...widths)}px`); // with less room they go below
  return [make("h3", {}, sample.name), row];
}

function showProgram(task, program, place) {
  const [md5, text, href] = data.programs[program.number];
  const scores = `right on ${program.right} of ${count(task.of, "sample")} · O_SCORE ${program.score} · T_LOG ${program.t_log}`;
  const about = make("details", place === 0 ? { open: "" } : {},
    make("summary", {}, `#${place + 1} `, make("code", {}, short(md5)), ` ${scores}`),
    make("p", {}, "File: ", link(`${md5}.py`, href)),
    make("pre", { tabindex: 0, "aria-label": `Text of program ${place + 1}` }, text || "its text cannot be read"));
  if (program.problem) about.firstChild.append(make("strong", { class: "problem" }, ` · ${program.problem}`));
  return make("li", {}, about);
}

function showDiffers(kind) {
  const items = kind.best.map(([number, score]) => {
    const [md5, text, href] = data.programs[number];
    return make("li", {}, make("details", {},
      make("summary", {}, make("code", {}, short(md5)), ` ${KINDS[kind.kind](score)}`),
      make("p", {}, "File: ", link(`${md5}.py`, href)),
      make("pre", { tabindex: 0, "aria-label": `Text of differ ${short(md5)}` }, text || "its text cannot be read")));
  });
  if (kind.more) items.push(make("li", { class: "faint" }, `and ${kind.more} more`));
  return items;
}

function showTask(task) {
  const facts = [task.stage, `right on ${task.right} of ${task.of ? count(task.of, "sample") : "an unknown number of samples"}`,
    `${count(task.links[0], "link")} to solvers, ${task.links[1]} to differs`];
  if (task.tries) facts.push(`tried ${times(task.tries)}, in ${task.time}`);
  const [run, there] = task.run;
  article.replaceChildren(
    make("h2", { id: "task-title", tabindex: -1 }, `${task.id} `,
      make("span", { class: task.state }, `${MARKS[task.state]} ${data.states[task.state]}`)),
    make("p", { class: "faint" }, facts.filter(Boolean).join(" · ")),
    ...(task.samples.length ? [] : [make("p", {}, "The samples of this task are not in the data: there are no pictures.")]),
    ...task.samples.flatMap(showSample),
    make("h3", {}, "Programs"),
    make("p", { class: "faint" }, there ? `${run} of ${there} stored programs were run, the best first.` : "None is stored."),
    make("ol", { class: "programs" }, ...task.programs.map((program, place) => showProgram(task, program, place))),
    ...(task.differs.length
      ? [make("h3", {}, "Differs that changed"), make("ul", { class: "differs" }, ...task.differs.flatMap(showDiffers))] : []),
    ...(task.folders.length ? [make("h3", {}, "Folders"), make("ul", {},
      ...task.folders.map(([name, href]) => make("li", {}, link(name, href))))] : []),
  );
}

// The list

function choose(task) {
  if (current) {
    current.link.removeAttribute("aria-current");
    current.link.tabIndex = -1;
  }
  current = task;
  showTask(task);
  task.link.setAttribute("aria-current", "true");
  task.link.tabIndex = 0;
  const top = task.link.offsetTop, bottom = top + task.link.offsetHeight;
  if (top < list.scrollTop) list.scrollTop = top;
  if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
}

function refresh() {
  const text = find("search").value.trim().toLowerCase(), state = find("state").value;
  visible = data.tasks.filter((task) => task.id.toLowerCase().includes(text) && (!state || task.state === state));
  visible = visible.sort(ORDERS[find("order").value]);
  list.replaceChildren(...visible.map((task) => task.item));
  find("shown").textContent = `${visible.length} of ${count(data.tasks.length, "task")}`;
  if (visible.length && !visible.includes(current)) visible[0].link.tabIndex = 0;
}

function go(step) {
  const place = visible.indexOf(current);
  const next = place < 0 ? visible[0] : visible[place + step];
  if (next) location.hash = next.hash;
}

let stays = false; // keys of the list leave the focus in it

function findNamed() {
  const [, name] = location.hash.split("#task=");
  try {
    return data.tasks.find((task) => task.id === decodeURIComponent(name));
  } catch {
    return undefined; // it is no name that this page has written
  }
}

function follow() {
  const task = findNamed();
  if (!task || task === current) return;
  choose(task);
  if (stays) task.link.focus();
  else if (document.activeElement.matches("button")) find("chosen").textContent = `${task.id}, ${data.states[task.state]}`;
  else find("task-title").focus();
  stays = false;
}

function press(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || !find("keys").checked) return;
  if (event.target.matches("input:not([type=checkbox]), select")) return;
  const action = { j: () => go(1), k: () => go(-1), ArrowRight: () => go(1), ArrowLeft: () => go(-1),
    d: () => digits.click(), "/": () => find("search").focus() }[event.key];
  if (action) {
    event.preventDefault();
    action();
  }
}

function pressInList(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    stays = visible.indexOf(current) + step in visible;
    go(step);
  }
}

function start() {
  for (const task of data.tasks) {
    task.hash = `#task=${encodeURIComponent(task.id)}`;
    task.link = make("a", { href: task.hash, tabindex: -1 }, `${task.id} `,
      make("span", { class: task.state }, `${task.right}/${task.of || "?"} ${MARKS[task.state]}`,
        make("span", { class: "unseen" }, ` ${data.states[task.state]}`)));
    task.item = make("li", {}, task.link);
  }
  find("search").addEventListener("input", refresh);
  find("state").addEventListener("change", refresh);
  find("order").addEventListener("change", refresh);
  find("on").addEventListener("click", () => go(1));
  find("back").addEventListener("click", () => go(-1));
  list.addEventListener("keydown", pressInList);
  document.addEventListener("keydown", press);
  window.addEventListener("hashchange", follow);
  find("overview").open = window.innerWidth > 760; // on a small screen, tasks come first
  refresh();
  choose(findNamed() || data.tasks[0]);
}

digits.addEventListener("change", () => showTask(current));
if (list) start();
else showTask((current = data.tasks[0]));
