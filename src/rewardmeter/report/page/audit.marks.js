// What both parts of an audit draw with: a whisker whose shape says whether it was shown, its axis, and words for it.

const SAID = {
  alarm: { mark: "◆", kind: "alarm" },
  "more than half": { mark: "◆", kind: "shown" },
  "less than half": { mark: "◇", kind: "" },
  "a trace": { mark: "·", kind: "shown" },
  "as it should be": { mark: "◆", kind: "shown" },
};
const markOf = (said) => own(SAID, said)?.mark ?? "";
const kindOf = (said) => own(SAID, said)?.kind ?? "";

const saidNodes = (said) => [
  markOf(said) && h("span", { class: `mark-word ${kindOf(said)}`, "aria-hidden": "true" }, markOf(said)),
  h("span", { class: kindOf(said) === "alarm" ? "alarm-word" : kindOf(said) ? "" : "quiet-word" }, said),
];

const pText = (p) => (!Number.isFinite(p) ? "" : p < 0.001 ? "<.001" : number(p, 3));

function signed(value, decimals) {
  const text = number(value, decimals);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

// ---- marks in a row: a diamond where something was shown, a hollow dot where not

function shapeAt(x, said) {
  if (!kindOf(said)) return s("circle", { class: "dot rule", cx: at(x), cy: "50%", r: 4 });
  return s(
    "svg",
    { class: "at", x: at(x), y: "50%" },
    s("path", { class: `diamond ${kindOf(said)}`, d: "M0-6 6 0 0 6-6 0Z" }),
  );
}

// What runs over the axis ends at its edge in an arrow.
function effectMark(estimate, { scale, span }, said) {
  if (!defined(estimate)) return [];
  const inside = (value) => Math.min(span[1], Math.max(span[0], value));
  const arrow = (x, sign) => s("text", { class: "beyond", x, y: "50%", dy: 4, "text-anchor": "middle" }, sign);
  const line =
    bounded(estimate) &&
    s("line", {
      class: `whisker ${kindOf(said) || "rule"}`,
      x1: at(scale(inside(estimate.low))),
      x2: at(scale(inside(estimate.high))),
      y1: "50%",
      y2: "50%",
    });
  return [
    line,
    bounded(estimate) && estimate.low < span[0] && arrow("1%", "◂"),
    bounded(estimate) && estimate.high > span[1] && arrow("99%", "▸"),
    shapeAt(scale(inside(estimate.value)), said),
  ];
}

// ---- the axis: grid, the line of no effect, and a wash on the side where an effect is a fault

function plainAxis(span, wanted) {
  return { span, scale: linear(span, [3, 97]), marks: ticks(...span, wanted) };
}

const washFrom = (from, to) =>
  s("rect", { class: "below-rule", x: at(from), y: 0, width: at(Math.max(0, to - from)), height: "100%" });

const grid = ({ scale, marks }) => marks.map((mark) => upright("grid", scale(mark)));

function plainAxisHead({ scale, marks }, reference, text) {
  return s(
    "svg",
    { class: "axis-head low", "aria-hidden": "true" },
    lineLabel(scale(reference.value), 10, "rule", reference.label, reference.short),
    s("line", {
      class: "ceiling-line",
      x1: at(scale(reference.value)),
      x2: at(scale(reference.value)),
      y1: 2,
      y2: "100%",
    }),
    marks
      .filter((mark) => Math.abs(scale(mark) - scale(reference.value)) > 3) // its label says that one
      .map((mark) => s("text", { class: "tick", x: at(scale(mark)), y: 28, "text-anchor": "middle" }, text(mark))),
  );
}

const shapeKey = (name, said) =>
  h(
    "span",
    { class: "key" },
    s(
      "svg",
      { width: 34, height: 14, "aria-hidden": "true" },
      s("line", { class: `whisker ${kindOf(said) || "rule"}`, x1: 3, x2: 31, y1: 7, y2: 7 }),
      shapeAt(50, said),
    ),
    name,
  );

const washKey = (name) =>
  h(
    "span",
    { class: "key" },
    s(
      "svg",
      { width: 34, height: 14, "aria-hidden": "true" },
      s("rect", { class: "below-rule", x: 3, y: 0, width: 28, height: 14 }),
    ),
    name,
  );

// Wide tables scroll in their own box, which then can be reached with the keyboard.
function scrollBox(label, table, kind = "wide") {
  return h("div", { class: kind, tabindex: 0, role: "region", "aria-label": label }, table);
}
