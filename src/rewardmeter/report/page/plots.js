// What plots share: a box that follows the width, a frame, axes, shades and the hatch of what went wrong.

const STEPS = 7;

// A plot is drawn at the width that it has, and drawn again when that changes.
function plotBox(draw) {
  const box = h("div", { class: "figure-box" });
  let width = 0;
  const paint = () => {
    const now = Math.round(box.clientWidth);
    if (!now || now === width) return;
    width = now;
    box.replaceChildren(draw(now));
  };
  new ResizeObserver(paint).observe(box);
  return box;
}

const frame = (width, height, label, ...marks) =>
  s("svg", { class: "figure", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, marks);

const total = (counts) => counts.flat().reduce((a, b) => a + b, 0);

function axes(x, y, xs, ys, box) {
  const dx = tickDecimals(xs);
  const dy = tickDecimals(ys);
  return [
    xs.map((v) => [
      s("line", { class: v === 0 ? "zero" : "grid", x1: x(v), x2: x(v), y1: box.top, y2: box.bottom }),
      s("text", { class: "tick", x: x(v), y: box.bottom + 16, "text-anchor": "middle" }, tickText(v, dx)),
    ]),
    ys.map((v) => [
      s("line", { class: v === 0 ? "zero" : "grid", x1: box.left, x2: box.right, y1: y(v), y2: y(v) }),
      s("text", { class: "tick", x: box.left - 6, y: y(v) + 4, "text-anchor": "end" }, tickText(v, dy)),
    ]),
  ];
}

const hatch = () =>
  s(
    "pattern",
    { id: "hatch", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    s("rect", { class: "hatch-ground", width: 5, height: 5 }),
    s("line", { class: "hatch-line", x1: 0, x2: 0, y1: 0, y2: 5 }),
  );
