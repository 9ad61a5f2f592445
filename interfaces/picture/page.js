"use strict";

const told = JSON.parse(document.getElementById("told").textContent);
const map = document.getElementById("map");
const details = document.getElementById("details");
const whole = map.viewBox.baseVal;
const full = { x: whole.x, y: whole.y, width: whole.width, height: whole.height };
const CLOSEST = 40;
const SVG = "http://www.w3.org/2000/svg";

const pops = new Map();
const links = new Map();
for (const group of map.querySelectorAll(".pop")) pops.set(group.dataset.pop, group);
for (const group of map.querySelectorAll(".link")) links.set(group.dataset.link, group);
const layers = [...map.querySelectorAll(".layer")].map((group) => ({ group, zoom: Number(group.dataset.zoom) }));
const hint = details.firstElementChild;
const place = (group) => {
  const { e, f } = group.transform.baseVal.getItem(0).matrix;
  return { x: e, y: f };
};

// What is visible: a part of the map, as a rectangle in its own units. The layer that is written for the nearest
// smaller magnification is shown, and grows with the map until the next one fits: so labels never meet.

let view = { ...full };
let frame = 0;
let layer = layers[0];

const fitting = () => Math.min(map.clientWidth / full.width, map.clientHeight / full.height);
const magnified = () => Math.min(map.clientWidth / view.width, map.clientHeight / view.height);

function show(next) {
  view = next;
  if (!frame) frame = requestAnimationFrame(draw);
}

function draw() {
  frame = 0;
  map.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
  const scale = magnified();
  layer = layers.filter((each) => each.zoom <= scale).pop() || layers[0];
  for (const each of layers) each.group.classList.toggle("hidden", each !== layer);
  map.style.setProperty("--disc", 1 / Math.max(layer.zoom, 1));
  map.style.setProperty("--word", 1 / layer.zoom);
  name(pointed);
}

function zoom(factor, at) {
  const scale = Math.min(Math.max(magnified() * factor, fitting()), CLOSEST);
  const part = magnified() / scale;
  const x = at.x - (at.x - view.x) * part;
  const y = at.y - (at.y - view.y) * part;
  show({ x, y, width: view.width * part, height: view.height * part });
}

const middle = () => ({ x: view.x + view.width / 2, y: view.y + view.height / 2 });
const within = (at) =>
  at.x > view.x && at.y > view.y && at.x < view.x + view.width && at.y < view.y + view.height;

function centre(at) {
  show({ ...view, x: at.x - view.width / 2, y: at.y - view.height / 2 });
}

function inMap(event) {
  const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(map.getScreenCTM().inverse());
  return { x: at.x, y: at.y };
}

// Fingers and the mouse: one moves the map, two zoom it.

const touching = new Map();
let moved = 0;

map.addEventListener("pointerdown", (event) => {
  touching.set(event.pointerId, event);
  if (touching.size === 1) moved = 0;
});

addEventListener("pointermove", (event) => {
  const former = touching.get(event.pointerId);
  if (!former) return;
  const [dx, dy] = [event.clientX - former.clientX, event.clientY - former.clientY];
  moved += Math.abs(dx) + Math.abs(dy);
  const other = [...touching.values()].find((each) => each.pointerId !== event.pointerId);
  if (other) {
    const apart = (each) => Math.hypot(each.clientX - other.clientX, each.clientY - other.clientY) || 1;
    zoom(apart(event) / apart(former), inMap(other));
  } else if (moved > 4) {
    map.classList.add("moving");
    const scale = magnified();
    show({ ...view, x: view.x - dx / scale, y: view.y - dy / scale });
  }
  touching.set(event.pointerId, event);
});

for (const over of ["pointerup", "pointercancel"]) {
  addEventListener(over, (event) => {
    touching.delete(event.pointerId);
    if (!touching.size) map.classList.remove("moving");
  });
}

map.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), inMap(event));
}, { passive: false });

document.getElementById("closer").addEventListener("click", () => zoom(1.5, middle()));
document.getElementById("further").addEventListener("click", () => zoom(1 / 1.5, middle()));
document.getElementById("all").addEventListener("click", () => show({ ...full }));
addEventListener("resize", () => show(view));

// What is told: of what is pointed at, else of what was kept.

let pointed = null;
let kept = null;

function element(tag, text, parent) {
  const made = document.createElement(tag);
  made.textContent = text;
  parent.append(made);
  return made;
}

function tell(thing) {
  details.replaceChildren();
  if (!thing) return details.append(hint);
  const of = told[thing.kind][thing.name];
  element("h2", thing.kind === "pops" ? thing.name : of.ends.join(" - "), details);
  const list = element("dl", "", details);
  for (const [word, said] of of.rows) {
    element("dt", word, list);
    element("dd", said, list);
  }
  const near = element("div", "", details);
  near.className = "near";
  for (const [label, next] of neighbours(thing)) {
    element("button", label, near).addEventListener("click", () => keep(next, true));
  }
}

function neighbours(thing) {
  if (thing.kind === "links") return told.links[thing.name].ends.map((name) => [name, { kind: "pops", name }]);
  return Object.entries(told.links)
    .filter(([, link]) => link.ends.includes(thing.name))
    .map(([name, link]) => [`to ${link.ends.find((end) => end !== thing.name)}`, { kind: "links", name }]);
}

function point(thing) {
  pointed = thing;
  name(thing);
  tell(thing || kept);
}

function keep(thing, moves) {
  for (const group of map.querySelectorAll(".kept")) group.classList.remove("kept");
  kept = thing;
  const group = thing && (thing.kind === "pops" ? pops : links).get(thing.name);
  if (group) group.classList.add("kept");
  if (moves && group && thing.kind === "pops" && !within(place(group))) centre(place(group));
  name(thing);
  tell(thing);
}

const passing = document.createElementNS(SVG, "g");
passing.setAttribute("class", "label");
map.append(passing);

/** Shows the name of a PoP that has no label in this layer. */
function name(thing) {
  passing.replaceChildren();
  const group = thing && thing.kind === "pops" && pops.get(thing.name);
  if (!group || layer.group.querySelector(`.label[data-pop="${thing.name}"]`)) return;
  const text = document.createElementNS(SVG, "text");
  const { x, y } = place(group);
  text.textContent = thing.name;
  text.setAttribute("class", "name");
  text.setAttribute("font-size", 13);
  text.setAttribute("transform", `translate(${x} ${y}) scale(${1 / layer.zoom})`);
  text.setAttribute("x", 12);
  text.setAttribute("y", 4);
  passing.append(text);
}

function thingOf(target) {
  const group = target.closest && target.closest(".pop, .link");
  if (!group) return null;
  return group.dataset.pop ? { kind: "pops", name: group.dataset.pop } : { kind: "links", name: group.dataset.link };
}

map.addEventListener("pointerover", (event) => {
  if (event.pointerType !== "touch" && !touching.size) point(thingOf(event.target));
});
map.addEventListener("pointerleave", () => point(null));
map.addEventListener("click", (event) => {
  if (moved <= 4) keep(thingOf(event.target));
});

// The keyboard: one PoP of all can be reached by Tab, the others from there.

let reached = null;

function reach(group) {
  if (reached) reached.setAttribute("tabindex", -1);
  reached = group;
  group.setAttribute("tabindex", 0);
}

/** The nearest PoP in a direction: what lies aside counts double. */
function next(from, dx, dy) {
  const start = place(from);
  let best = null;
  let least = Infinity;
  for (const group of pops.values()) {
    const at = place(group);
    const ahead = (at.x - start.x) * dx + (at.y - start.y) * dy;
    const aside = Math.abs((at.x - start.x) * dy) + Math.abs((at.y - start.y) * dx);
    if (ahead > 0.1 && ahead + 2 * aside < least) [best, least] = [group, ahead + 2 * aside];
  }
  return best;
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

map.addEventListener("keydown", (event) => {
  const group = event.target.closest(".pop");
  const arrow = ARROWS[event.key];
  if (arrow && group) {
    const other = next(group, ...arrow);
    if (other) other.focus();
  } else if ((event.key === "Enter" || event.key === " ") && group) keep(thingOf(group));
  else if (event.key === "Escape") keep(null);
  else if (event.key === "+" || event.key === "=") zoom(1.5, group ? place(group) : middle());
  else if (event.key === "-") zoom(1 / 1.5, middle());
  else if (event.key === "0") show({ ...full });
  else return;
  event.preventDefault();
});

map.addEventListener("focusin", (event) => {
  const group = event.target.closest(".pop");
  if (!group) return;
  reach(group);
  if (!within(place(group))) centre(place(group));
  point(thingOf(group));
});
map.addEventListener("focusout", () => point(null));

const find = document.getElementById("find");
find.addEventListener("change", () => {
  const group = pops.get(find.value.trim());
  if (!group) return;
  if (magnified() < 1.5) zoom(1.5 / magnified(), place(group));
  centre(place(group));
  group.focus();
  keep(thingOf(group));
});

// Chains: shown and hidden, and one brought out while its line in the legend is pointed at.

for (const box of document.querySelectorAll("input[data-course]")) {
  const course = map.querySelector(`.course[data-course="${box.dataset.course}"]`);
  const bringOut = (on) => {
    map.classList.toggle("one", on);
    course.classList.toggle("shown", on);
  };
  box.addEventListener("change", () => course.classList.toggle("off", !box.checked));
  const row = box.closest("li");
  row.addEventListener("pointerenter", () => bringOut(true));
  row.addEventListener("pointerleave", () => bringOut(false));
  box.addEventListener("focus", () => bringOut(box.matches(":focus-visible")));
  box.addEventListener("blur", () => bringOut(false));
}

// Titles would be shown beside the details: they become names for those who listen.

for (const [group, title] of [...map.querySelectorAll("title")].map((each) => [each.parentNode, each])) {
  group.setAttribute("aria-label", title.textContent);
  title.remove();
}
for (const group of pops.values()) {
  group.setAttribute("role", "button");
  group.setAttribute("tabindex", -1);
  const disc = group.querySelector(".disc");
  const halo = document.createElementNS(SVG, "circle");
  halo.setAttribute("class", "halo");
  halo.setAttribute("r", Number(disc.getAttribute("r")) + 4);
  disc.parentNode.append(halo);
}
map.classList.add("live");
reach(pops.values().next().value);
draw();
