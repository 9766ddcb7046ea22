// Agreement: how the chosen scorer's numbers lie against people's, pooled and within items.

const DENSITY = read("agreement") || {};
const MARGINS = read("margins") || {};
// ---- density of score against gold

// Counts span orders of magnitude: equal steps of the logarithm.
function step(count, most) {
  return most <= 1 ? STEPS - 1 : Math.min(STEPS - 1, Math.floor((Math.log(count) / Math.log(most)) * STEPS));
}

// Bins may be open at the ends, however far the extremes lie: such a bin is drawn as wide as the others.
function closedEnds(edges) {
  if (edges.length < 4) return edges;
  const usual = quantile(
    edges.slice(2, -1).map((edge, i) => edge - edges[i + 1]),
    0.5,
  );
  const [first, last] = [edges[1] - edges[0], edges.at(-1) - edges.at(-2)];
  return [
    first > 3 * usual ? edges[1] - usual : edges[0],
    ...edges.slice(1, -1),
    last > 3 * usual ? edges.at(-2) + usual : edges.at(-1),
  ];
}

// The median of counted values, placed inside its bin in proportion: open ends do not move it.
function binnedMedian(counts, edges) {
  let left = total(counts) / 2;
  const j = counts.findIndex((count) => (left -= count) <= 0);
  return edges[j] + ((left + counts[j]) / counts[j]) * (edges[j + 1] - edges[j]);
}

function medianLine(counts, xs, ys, x, y) {
  const points = counts.map(
    (column, i) => total(column) >= 10 && [x((xs[i] + xs[i + 1]) / 2), y(binnedMedian(column, ys))],
  );
  return points.filter(Boolean);
}

function densityCells(counts, xs, ys, x, y) {
  const most = Math.max(1, ...counts.flat());
  return counts.flatMap((column, i) =>
    column.map(
      (count, j) =>
        count > 0 &&
        s("rect", {
          class: `heat q${step(count, most)}`,
          x: x(xs[i]),
          y: y(ys[j + 1]),
          width: Math.max(0.5, x(xs[i + 1]) - x(xs[i])),
          height: Math.max(0.5, y(ys[j]) - y(ys[j + 1])),
        }),
    ),
  );
}

function densityPlot(grid, label, width) {
  const height = Math.round(Math.min(380, Math.max(240, width * 0.7)));
  const box = { left: 44, right: width - 14, top: 24, bottom: height - 40 };
  const [xs, ys] = [closedEnds(grid.x), closedEnds(grid.y)];
  const x = linear([xs[0], xs.at(-1)], [box.left, box.right]);
  const y = linear([ys[0], ys.at(-1)], [box.bottom, box.top]);
  const line = medianLine(grid.counts, xs, ys, x, y);
  const points = line.map((point) => point.join(",")).join(" ");
  const end = line.at(-1);
  return frame(
    width,
    height,
    label,
    axes(x, y, ticks(xs[0], xs.at(-1), width / 90), ticks(ys[0], ys.at(-1), 5), box),
    densityCells(grid.counts, xs, ys, x, y),
    line.length > 1 && [
      s("polyline", { class: "middle-halo", points }),
      s("polyline", { class: "middle", points }),
      s(
        "text",
        {
          class: "direct",
          x: Math.min(end[0], box.right - 4),
          y: end[1] < box.top + 24 ? end[1] + 20 : end[1] - 9,
          "text-anchor": "end",
        },
        "median",
      ),
    ],
    s(
      "text",
      { class: "axis-name", x: box.right, y: height - 6, "text-anchor": "end" },
      `${grid.x_label || "score"} →`,
    ),
    s("text", { class: "axis-name", x: 4, y: 12 }, `↑ ${grid.y_label || "gold"}`),
  );
}

function densityKey(grid) {
  const most = Math.max(1, ...grid.counts.flat());
  const open = [grid.x, grid.y].some((edges) => closedEnds(edges).some((edge, i) => edge !== edges[i]));
  const shade = (q) => s("rect", { class: `heat q${q}`, x: q * 16, y: 0, width: 16, height: 10 });
  return h(
    "p",
    { class: "legend" },
    h(
      "span",
      { class: "key" },
      "1",
      s(
        "svg",
        { width: 16 * STEPS, height: 10, "aria-hidden": "true" },
        Array.from({ length: STEPS }, (_, q) => shade(q)),
      ),
      `${whole(most)} per cell, log steps`,
    ),
    h("span", null, "line: median of each column"),
    open && h("span", null, "outermost cells hold everything beyond"),
  );
}

const idsOf = (level, grouping) =>
  [...STATISTICS.keys()].filter((id) => id.split(".")[0] === level && (id.split(".")[2] ?? "") === grouping);
const POOLED_IDS = idsOf("segment", "");
const ITEM_IDS = idsOf("segment", "item");
const PAIR_IDS = idsOf("pair", "");

// One axis for all panels and all scorers, so that they can be compared.
function panelAxis() {
  const ids = [...POOLED_IDS, ...ITEM_IDS, ...PAIR_IDS];
  const low = Math.min(0, ...ROWS.flatMap((row) => ids.map((id) => estimateOf(row, id)?.low ?? valueOf(row, id) ?? 0)));
  const span = [low < 0 ? Math.max(-1, Math.floor(low * 5) / 5) : 0, 1];
  return { scale: linear(span, [5, 95]), marks: ticks(...span, 3) };
}

// The statistics that belong to a panel, each with its whisker.
function panelStatistics(row, ids) {
  const wanted = ids.filter((id) => estimateOf(row, id));
  if (!wanted.length) return null;
  const { scale, marks } = panelAxis();
  const grid = () => marks.map((mark) => upright(mark === 0 ? "zero" : "grid", scale(mark)));
  const names = marks.map((mark) =>
    s(
      "text",
      { class: "tick", x: at(scale(mark)), y: 12, "text-anchor": "middle" },
      tickText(mark, tickDecimals(marks)),
    ),
  );
  const lines = wanted.map((id) => {
    const estimate = estimateOf(row, id);
    const decimals = decimalsFor(halfWidth(estimate));
    const line = h(
      "tr",
      null,
      h("th", { scope: "row" }, labelNodes(id)),
      h("td", { class: "num" }, defined(estimate) ? number(estimate.value, decimals, 3) : undefinedWord()),
      h("td", { class: "plot" }, s("svg", { "aria-hidden": "true" }, grid(), whisker(estimate, scale, "selected"))),
    );
    return explain(line, estimateTip(row, id, estimate));
  });
  return h(
    "table",
    { class: "mini" },
    h(
      "tbody",
      null,
      lines,
      h(
        "tr",
        { class: "scale", "aria-hidden": "true" },
        h("td"),
        h("td"),
        h("td", { class: "plot" }, s("svg", null, names)),
      ),
    ),
  );
}

function densityPanel(row, grid, title, ids) {
  const count = total(grid.counts);
  const main = estimateOf(row, ids.find((id) => id.startsWith("segment.pearson")) ?? "");
  const sides = `${grid.x_label || "score"} against ${grid.y_label || "gold"}`;
  const label =
    `${title}: density of ${whole(count)} responses of ${row.scorer}, ${sides}` +
    (defined(main) ? `; Pearson ${number(main.value, 2)}` : "");
  return h(
    "figure",
    { class: "panel" },
    h("figcaption", null, h("h3", null, title), h("p", null, `${whole(count)} responses`)),
    plotBox((width) => densityPlot(grid, label, width)),
    densityKey(grid),
    panelStatistics(row, ids),
  );
}

// ---- margins of preferences

const MARGIN_WORDS = {
  score: {
    title: "Margin towards the preferred answer",
    unit: "pairs",
    note: "; the outermost bars hold everything beyond",
    axis: "score of the answer that people prefer − score of the other",
    toward: "with people",
    away: "against people",
    wanted: "the answer that people prefer",
  },
  verdict: {
    title: "Verdicts on the preferred answer",
    unit: "pairs",
    note: " that the judge was asked about; two games on one pair are taken together",
    toward: "with people",
    away: "against people",
    axis: "verdict: 1 the answer that people prefer, 0 tie or unreadable, −1 the other",
    wanted: "the answer that people prefer",
  },
  best_of_k: {
    title: "Margin of the best correct response",
    unit: "groups",
    note: "; the outermost bars hold everything beyond",
    toward: "correct first",
    away: "wrong first",
    axis: "best score of a correct response − best score of a wrong one",
    wanted: "a correct response",
  },
};

const marginKind = (low, high) => (high <= 0 ? "lost" : low >= 0 ? "won" : "even");

function marginLabels(zero, box, words) {
  return [
    s("text", { class: "direct", x: zero + 10, y: 16 }, `${words.toward} →`),
    s("text", { class: "direct soft", x: zero - 10, y: 16, "text-anchor": "end" }, `← ${words.away}`),
    s("text", { class: "axis-name", x: box.right, y: box.bottom + 34, "text-anchor": "end" }, words.axis),
  ];
}

function marginPlot({ edges, counts, kind }, label, width) {
  const height = Math.round(Math.min(320, Math.max(220, width * 0.42)));
  const box = { left: 44, right: width - 14, top: 28, bottom: height - 40 };
  const x = linear([edges[0], edges.at(-1)], [box.left, box.right]);
  const y = linear([0, Math.max(1, ...counts)], [box.bottom, box.top]);
  const bars = counts.map((count, i) => {
    const [left, right] = [x(edges[i]), x(edges[i + 1])];
    return (
      count > 0 &&
      s("rect", {
        class: `bar ${marginKind(edges[i], edges[i + 1])}`,
        x: left + 0.5,
        y: y(count),
        width: Math.max(1, right - left - 1),
        height: box.bottom - y(count),
      })
    );
  });
  const zero = x(Math.min(edges.at(-1), Math.max(edges[0], 0)));
  return frame(
    width,
    height,
    label,
    s("defs", null, hatch()),
    axes(
      x,
      y,
      kind === "verdict" ? [-1, 0, 1] : ticks(edges[0], edges.at(-1), width / 90),
      ticks(0, Math.max(1, ...counts), 4).filter(Number.isInteger),
      box,
    ),
    bars,
    s("line", { class: "zero", x1: zero, x2: zero, y1: box.top - 4, y2: box.bottom }),
    marginLabels(zero, box, MARGIN_WORDS[kind]),
  );
}

function marginPanel(row, { edges, counts, kind = "score" }) {
  const words = MARGIN_WORDS[kind];
  const count = total(counts);
  const sum = (kind) => whole(total(counts.filter((_, i) => marginKind(edges[i], edges[i + 1]) === kind)));
  const label =
    `${words.title}: ${row.scorer} over ${whole(count)} ${words.unit}: ${sum("won")} in bins towards ${words.wanted},` +
    ` ${sum("lost")} in bins away from it, ${sum("even")} in the bin around zero`;
  return h(
    "figure",
    { class: "panel broad" },
    h("figcaption", null, h("h3", null, words.title), h("p", null, `${whole(count)} ${words.unit}${words.note}`)),
    plotBox((width) => marginPlot({ edges, counts, kind }, label, width)),
    panelStatistics(row, PAIR_IDS),
  );
}

// ---- the section

// Says which of two printed numbers is lower, so that the sentence never contradicts its digits.
function gapSentence(row) {
  const [pooled, item] = [estimateOf(row, "segment.pearson"), estimateOf(row, "segment.pearson.item")];
  if (!defined(pooled) || !defined(item)) return "";
  const decimals = Math.min(2, decimalsFor(Math.max(halfWidth(pooled) || 0, halfWidth(item) || 0), 2));
  const [first, second] = [pooled, item].map(({ value }) => Number(value.toFixed(decimals)));
  const compared = first === second ? "the same" : second < first ? "lower" : "higher";
  const values = `${number(pooled.value, decimals)} pooled and ${number(item.value, decimals)} by item`;
  return `Pearson is ${values}: ${compared} where answers to the same item are compared.`;
}

function startAgreement(box) {
  const panels = h("div", { class: "panels" });
  const line = h("p", { class: "finding" });
  const has = (scorer) => Boolean(own(DENSITY, scorer) || own(MARGINS, scorer));
  const draw = () => {
    const row = rowOf.get(state.scorer);
    const [grids, margins] = [own(DENSITY, state.scorer), own(MARGINS, state.scorer)];
    line.textContent = grids ? gapSentence(row) : "";
    redraw(
      panels,
      grids?.pooled && densityPanel(row, grids.pooled, "All responses together", POOLED_IDS),
      grids?.item && densityPanel(row, grids.item, "Within items", ITEM_IDS),
      margins && marginPanel(row, margins),
      grids && !grids.item && emptyNote("Within items there is nothing to draw for this scorer."),
      !grids && !margins && emptyNote(`No distribution was kept for ${state.scorer}.`),
    );
  };
  box.append(h("div", { class: "controls" }, scorerPicker(has)), line, panels);
  watch(["scorer"], draw);
  draw();
}

SECTIONS["agreement-box"] = startAgreement;
