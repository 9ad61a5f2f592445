"use strict";
// Under the pointer: a line through all charts, and each curve's value then, in the place of its last one.
const told = JSON.parse(document.getElementById("told").textContent);
const charts = document.querySelector(".charts");
const outputs = [...document.querySelectorAll("output")].map((each) => {
  const [chart, curve] = each.dataset.curve.split(".").map(Number);
  return { each, last: each.textContent, points: told.charts[chart][curve] };
});

function valueAt(points, at) {
  let low = 0, high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle][0] <= at) low = middle + 1; else high = middle;
  }
  return low ? points[low - 1][1] : null;
}

function point(event) {
  const drawn = event.target.closest(".chart");
  if (!drawn) return leave();
  const box = drawn.getBoundingClientRect();
  const x = (event.clientX - box.left) / box.width * told.whole - told.left;
  if (x < 0 || x > told.width) return leave();
  const at = told.times[0] + x / told.width * (told.times[1] - told.times[0]);
  charts.classList.add("pointed");
  for (const line of charts.querySelectorAll(".cursor")) line.setAttribute("transform", `translate(${x} 0)`);
  for (const { each, points } of outputs) each.textContent = valueAt(points, at) ?? "-";
}

function leave() {
  charts.classList.remove("pointed");
  for (const { each, last } of outputs) each.textContent = last;
}

charts.addEventListener("pointermove", point);
charts.addEventListener("pointerleave", leave);
