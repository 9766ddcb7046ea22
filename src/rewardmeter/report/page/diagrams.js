// The diagrams of calibration, small and large. A diagram is drawn from one view, which Python has aggregated.

const VIEWS = read("diagrams") || {};

// One pattern for all bars of the page.
document.body.append(s("svg", { class: "unseen", "aria-hidden": "true" }, s("defs", null, hatch())));

// Sides of the plot: small ones have no words.
function plotSides(width, height, small) {
  if (small) return { left: 28, right: width - 10, top: 8, bottom: height - 20 };
  return { left: 46, right: width - 12, top: 24, bottom: height - 40 };
}

const spot = (x, y, tip, kind = "") => [
  s("circle", { class: `dot ${kind}`, cx: x, cy: y, r: tip ? 4.2 : 2.2 }),
  tip && explain(s("circle", { class: "touch", cx: x, cy: y, r: 11 }), tip),
];

const path = (kind, points) =>
  points.length > 1 && s("polyline", { class: kind, points: points.map((point) => point.join(",")).join(" ") });

const pairsOf = (xs, ys, x, y) => xs.map((value, i) => [x(value), y(ys[i])]);

function words(box, height, across, up, small) {
  if (small) return null;
  return [
    s("text", { class: "axis-name", x: box.right, y: height - 6, "text-anchor": "end" }, `${across} →`),
    s("text", { class: "axis-name", x: 4, y: 12 }, `↑ ${up}`),
  ];
}

const tipOf = (title, facts) => () => [h("b", null, title), factList(facts)];
const rangeText = (low, high, text) => (text(low) === text(high) ? text(low) : `${text(low)} to ${text(high)}`);
const share3 = (value) => number(value, 3);
const points = (value) => number(value, Math.abs(value) >= 100 ? 1 : Math.abs(value) >= 10 ? 2 : 3);

// ---- reliability: what margins state against what was

// One floor for all scorers and both states, so that diagrams can be compared.
const reliabilityFloor = (() => {
  const all = Object.values(VIEWS).flatMap((view) => [view.before, view.after].filter(Boolean));
  const ends = all.flatMap(({ reliability: view }) => (view ? [...view.observed, ...view.band_low] : []));
  const low = ends.filter(Number.isFinite).reduce((a, b) => Math.min(a, b), 0.4);
  return Math.floor(low * 5) / 5;
})();

function reliability(view, { width, height, small, ghost }) {
  const box = plotSides(width, height, small);
  const x = linear([0.5, 1], [box.left, box.right]);
  const y = linear([reliabilityFloor, 1], [box.bottom, box.top]);
  const known = view.band_low.every(Number.isFinite);
  const band = [...pairsOf(view.stated, view.band_high, x, y), ...pairsOf(view.stated, view.band_low, x, y).reverse()];
  const tip = (i) =>
    tipOf(`says ${percent(view.stated[i])}`, [
      ["right in", percent(view.observed[i])],
      ...(known ? [["band if calibrated", `${percent(view.band_low[i])} to ${percent(view.band_high[i])}`]] : []),
      ["confidence", rangeText(view.low[i], view.high[i], share3)],
      ["pairs", whole(view.n[i])],
    ]);
  return [
    axes(x, y, small ? [0.5, 1] : ticks(0.5, 1, 5), small ? [reliabilityFloor, 1] : ticks(reliabilityFloor, 1, 5), box),
    known && view.n.length > 1 && s("polygon", { class: "band", points: band.map((one) => one.join(",")).join(" ") }),
    known &&
      view.n.length === 1 &&
      s("line", { class: "band-line", x1: band[0][0], x2: band[0][0], y1: band[0][1], y2: band[1][1] }),
    s("line", { class: "rule-line", x1: x(0.5), y1: y(0.5), x2: x(1), y2: y(1) }),
    !small && [
      s("text", { class: "side", x: x(0.51), y: y(0.97) }, "promises too little"),
      s("text", { class: "side", x: x(0.99), y: y(reliabilityFloor) - 10, "text-anchor": "end" }, "promises too much"),
    ],
    ghost && path("ghost", pairsOf(ghost.stated, ghost.observed, x, y)),
    path("middle", pairsOf(view.stated, view.observed, x, y)),
    view.stated.map((stated, i) => spot(x(stated), y(view.observed[i]), !small && tip(i), small ? "" : "selected")),
    words(box, height, "probability that the margin states", "share of pairs that are right", small),
  ];
}

// ---- margins: how far the better response is ahead

function margins(view, { width, height, small }) {
  const box = plotSides(width, height, small);
  const count = view.weight.length;
  const step = (2 * view.reach) / count;
  const x = linear([-view.reach, view.reach], [box.left, box.right]);
  const most = view.weight.reduce((a, b) => Math.max(a, b), Math.max(1e-9, view.tied));
  const y = linear([0, most], [box.bottom, box.top]);
  const all = view.weight.reduce((a, b) => a + b, view.tied);
  const equal =
    view.tied > 0 &&
    s("rect", {
      class: "bar even",
      x: x(-0.35 * step),
      y: y(view.tied),
      width: x(0.35 * step) - x(-0.35 * step),
      height: box.bottom - y(view.tied),
    });
  const bars = view.weight.map((weight, i) => {
    const low = -view.reach + i * step;
    if (!weight) return null;
    const bar = s("rect", {
      class: `bar ${low < -step / 2 ? "lost" : "won"}`,
      x: x(low) + (small ? 0 : 0.5),
      y: y(weight),
      width: Math.max(0.5, x(low + step) - x(low) - (small ? 0 : 1)),
      height: box.bottom - y(weight),
    });
    if (small) return bar;
    const ends = i === 0 ? "up to" : i === count - 1 ? "from" : "";
    const range = { "up to": points(low + step), from: points(low), "": rangeText(low, low + step, points) }[ends];
    return explain(
      bar,
      tipOf(low < -step / 2 ? "wrong response ahead" : "right response ahead", [
        ["margin", `${ends} ${range}`.trim()],
        ["pairs", number(weight, weight % 1 ? 1 : 0)],
        ["share", percent(weight / all)],
      ]),
    );
  });
  const xs = small ? [-view.reach, 0, view.reach].map((mark) => Number(mark.toPrecision(1))) : null;
  return [
    axes(x, y, xs ?? ticks(-view.reach, view.reach, width / 90), small ? [] : ticks(0, Math.max(1, most), 4), box),
    bars,
    equal &&
      explain(
        equal,
        tipOf("equal scores", [
          ["pairs", whole(view.tied)],
          ["share", percent(view.tied / all)],
        ]),
      ),
    s("line", { class: "zero", x1: x(0), x2: x(0), y1: box.top - 4, y2: box.bottom }),
    !small && [
      s("text", { class: "direct", x: x(0) + 10, y: 14 }, "right →"),
      s("text", { class: "direct soft", x: x(0) - 10, y: 14, "text-anchor": "end" }, "← wrong"),
    ],
    words(box, height, "margin of the better response over the other", "pairs", small),
  ];
}

// ---- risk against coverage

const riskCeiling = (() => {
  const all = Object.values(VIEWS).flatMap((view) => [view.before, view.after].filter(Boolean));
  return Math.min(
    1,
    Math.ceil(all.flatMap((view) => view.coverage?.risk || []).reduce((a, b) => Math.max(a, b), 0.3) * 10) / 10,
  );
})();

function coverage(view, { width, height, small, ghost }) {
  const box = plotSides(width, height, small);
  const x = linear([0, 1], [box.left, box.right]);
  const y = linear([0, riskCeiling], [box.bottom, box.top]);
  const tip = (i) =>
    tipOf(`${percent(view.coverage[i])} answered`, [
      ["wrong", percent(view.risk[i])],
      ["margin at least", points(view.margin[i])],
    ]);
  const line = pairsOf(view.coverage, view.risk, x, y);
  const last = line.at(-1);
  return [
    axes(x, y, small ? [0, 1] : ticks(0, 1, 5), small ? [0, riskCeiling] : ticks(0, riskCeiling, 5), box),
    ghost && path("ghost", pairsOf(ghost.coverage, ghost.risk, x, y)),
    last && s("line", { class: "rule-line", x1: x(0), x2: x(1), y1: last[1], y2: last[1] }),
    path("middle", line),
    line.length === 1 && spot(...line[0], null, ""),
    !small && line.map(([at, up], i) => explain(s("circle", { class: "touch", cx: at, cy: up, r: 8 }), tip(i))),
    !small &&
      last &&
      s("text", { class: "side", x: x(0) + 4, y: last[1] - 6 }, `all: ${percent(view.risk.at(-1))} wrong`),
    words(box, height, "share of pairs answered, widest margins first", "share that is wrong", small),
  ];
}

// ---- ratings: residuals and gaps

// Room above and below, so that no whisker ends at the frame.
function roomy([low, high]) {
  const room = 0.05 * (high - low);
  return [low < 0 ? low - room : low, high > 0 ? high + room : high];
}

const upWhisker = (at, low, high, y, small) =>
  Number.isFinite(low) &&
  s("line", { class: `whisker ${small ? "thin" : "selected"}`, x1: at, x2: at, y1: y(low), y2: y(high) });

function residual(view, { width, height, small }) {
  const box = plotSides(width, height, small);
  const xs = extent(view.prediction);
  const ys = roomy(extent([0, ...view.residual, ...view.residual_low, ...view.residual_high]));
  const x = linear(xs, [box.left + 6, box.right - 6]);
  const y = linear(ys, [box.bottom, box.top]);
  const tip = (i) =>
    tipOf(`predicted ${points(view.prediction[i])}`, [
      ["people minus it", points(view.residual[i])],
      [
        `${number(100 * (SETTINGS.level ?? 0.95), 0)} % interval`,
        intervalOf(view.residual_low[i], view.residual_high[i]),
      ],
      ["predictions", rangeText(view.low[i], view.high[i], points)],
      ["responses", whole(view.n[i])],
    ]);
  return [
    axes(x, y, small ? endTicks(xs) : ticks(...xs, width / 90), small ? endTicks(ys) : ticks(...ys, 5), box),
    s("line", { class: "rule-line", x1: box.left, x2: box.right, y1: y(0), y2: y(0) }),
    path("middle", pairsOf(view.prediction, view.residual, x, y)),
    view.prediction.map((value, i) => [
      upWhisker(x(value), view.residual_low[i], view.residual_high[i], y, small),
      spot(x(value), y(view.residual[i]), !small && tip(i), small ? "" : "selected"),
    ]),
    words(box, height, "predicted rating", "rating by people − predicted", small),
  ];
}

function gaps(view, { width, height, small }) {
  const box = plotSides(width, height, small);
  const low = view.slope_low.map((slope, i) => slope && slope * view.score_gap[i]);
  const high = view.slope_high.map((slope, i) => slope && slope * view.score_gap[i]);
  const xs = [0, Math.max(...view.score_gap) * 1.04];
  const ys = roomy(extent([0, ...view.human_gap, ...low, ...high]));
  const x = linear(xs, [box.left, box.right - 6]);
  const y = linear(ys, [box.bottom, box.top]);
  const end = Math.min(xs[1], view.line > 0 ? ys[1] / view.line : view.line < 0 ? ys[0] / view.line : xs[1]);
  const tip = (i) =>
    tipOf(`score gap ${points(view.score_gap[i])}`, [
      ["human gap", points(view.human_gap[i])],
      ["human points per point", points(view.slope[i])],
      [`${number(100 * (SETTINGS.level ?? 0.95), 0)} % interval`, intervalOf(view.slope_low[i], view.slope_high[i])],
      ["score gaps", rangeText(view.low[i], view.high[i], points)],
      ["pairs", whole(view.n[i])],
    ]);
  return [
    axes(x, y, small ? endTicks(xs) : ticks(...xs, width / 90), small ? endTicks(ys) : ticks(...ys, 5), box),
    s("line", { class: "rule-line", x1: x(0), y1: y(0), x2: x(end), y2: y(view.line * end) }),
    path("middle", pairsOf(view.score_gap, view.human_gap, x, y)),
    view.score_gap.map((value, i) => [
      upWhisker(x(value), low[i], high[i], y, small),
      spot(x(value), y(view.human_gap[i]), !small && tip(i), small ? "" : "selected"),
    ]),
    words(box, height, "gap between two scores of an item", "gap between their ratings", small),
  ];
}

// ---- labels: how many of them a calibrator needs

function labels(view, { width, height, small }) {
  const box = plotSides(width, height, small);
  const log = (value) => Math.log10(value);
  const across = linear([log(view.n[0]), log(Math.max(view.n.at(-1), view.n[0] + 1))], [box.left + 4, box.right - 6]);
  const ys = roomy(extent([...view.low, ...view.high, view.base]));
  const y = linear(ys, [box.bottom, box.top]);
  const x = (value) => across(log(value));
  const marks = small ? [view.n[0], view.n.at(-1)] : view.n;
  const band = [...pairsOf(view.n, view.high, x, y), ...pairsOf(view.n, view.low, x, y).reverse()];
  const tip = (i) =>
    tipOf(`${whole(view.n[i])} items`, [
      ["held-out loss", points(view.loss[i])],
      ["middle 80 % of draws", rangeText(view.low[i], view.high[i], points)],
      [view.beside, points(view.base)],
    ]);
  const sure = view.enough && !small && x(view.enough);
  const under = view.loss.at(-1) >= view.base; // beside the line, away from the curve's end
  return [
    axes(x, y, marks, small ? endTicks(ys) : ticks(...ys, 5), box),
    s("polygon", { class: "band", points: band.map((one) => one.join(",")).join(" ") }),
    s("line", { class: "rule-line", x1: box.left, x2: box.right, y1: y(view.base), y2: y(view.base) }),
    !small && s("text", { class: "side", x: box.right, y: y(view.base) + (under ? 14 : -6), "text-anchor": "end" }, view.beside),
    sure && s("line", { class: "zero", x1: sure, x2: sure, y1: box.top, y2: box.bottom }),
    path("middle", pairsOf(view.n, view.loss, x, y)),
    view.n.map((value, i) => spot(x(value), y(view.loss[i]), !small && tip(i), small ? "" : "selected")),
    words(box, height, "items labelled, drawn at random", "held-out loss", small),
  ];
}

const intervalOf = (low, high) => (Number.isFinite(low) ? `${points(low)} to ${points(high)}` : "none");
const endTicks = ([low, high]) => {
  const marks = ticks(low, high, 3);
  return marks.length > 1 ? [marks[0], marks.at(-1)] : marks;
};

// What each diagram is called, shows, and has as numbers.
const DIAGRAMS = {
  reliability: {
    draw: reliability,
    title: "Reliability",
    note: "dashed: right as often as said; shaded: what chance allows a calibrated scorer",
    count: (view) => view.n.length,
    columns: { says: "stated", right: "observed", "band from": "band_low", "band to": "band_high", pairs: "n" },
  },
  margins: {
    draw: margins,
    title: "Margins",
    note: "outermost bars hold everything beyond; grey: equal scores",
    count: (view) => view.weight.filter(Boolean).length,
    columns: { "margin from": (view, i) => -view.reach + (2 * view.reach * i) / view.weight.length, pairs: "weight" },
  },
  coverage: {
    draw: coverage,
    title: "Risk and coverage",
    note: "answering only where the margin is wide",
    count: (view) => view.risk.length,
    columns: { answered: "coverage", wrong: "risk", "least margin": "margin" },
  },
  labels: {
    draw: labels,
    title: "Labels needed",
    scores: (view) => `calibrated by ${view.method}`,
    note: "shaded: the middle 80 % of 20 draws; dashed: what needs no labels",
    count: (view) => view.n.length,
    columns: { items: "n", loss: "loss", from: "low", to: "high" },
  },
  residual: {
    draw: residual,
    title: "Residual by predicted value",
    note: "above 0 people rate higher than predicted",
    count: (view) => view.n.length,
    columns: {
      predicted: "prediction",
      residual: "residual",
      from: "residual_low",
      to: "residual_high",
      responses: "n",
    },
  },
  gaps: {
    draw: gaps,
    title: "Human gap by score gap",
    note: "dashed: equal score gaps mean equal human gaps",
    count: (view) => view.n.length,
    columns: {
      "score gap": "score_gap",
      "human gap": "human_gap",
      "per point": "slope",
      from: "slope_low",
      to: "slope_high",
      pairs: "n",
    },
  },
};
