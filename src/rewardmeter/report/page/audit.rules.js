// The audit of the data: what each content-blind rule wins, on all of it and in its parts.

const OVERALL = BOARD.data.filter((row) => !row.slice);
const PARTS = BOARD.data.filter((row) => row.slice);
state.both = false;

const shared = (row) => row.estimate_half_ties;
const shownRules = () => OVERALL.filter((row) => defined(shared(row)) && (state.both || !row.mirror));

const shareDecimals = (estimate, otherwise) => {
  const half = 100 * halfWidth(estimate);
  return half > 0 ? Math.min(2, decimalsFor(half)) : otherwise;
};

// Every column of percentages is as fine as most of its intervals allow.
function shareText(estimate, decimals) {
  if (!defined(estimate)) return h("span", { class: "quiet-word" }, "undefined");
  return number(100 * estimate.value, Math.min(decimals, shareDecimals(estimate, decimals)), decimals);
}

const HALF = { value: 0.5, label: "a coin: 50", short: "50" };
const shareAxis = () => ({ span: [0, 1], scale: linear([0, 1], [3, 97]), marks: [0, 0.25, 0.5, 0.75, 1] });

function ruleTip(row) {
  return () => [
    h("b", null, h("bdi", null, row.probe)),
    h("p", null, row.says ?? "", row.says && " · ", row.said === "undefined" ? row.reason : row.said),
    factList([
      ...estimateFacts(shared(row)).filter(([name]) => name !== "value" && name !== "interval"),
      ["wins, ties ½", `${number(100 * shared(row).value, 2)} %`],
      ...(defined(row.estimate) ? [["wins, ties lost", `${number(100 * row.estimate.value, 2)} %`]] : []),
      ...(Number.isFinite(row.p_adjusted) ? [["p after Holm", pText(row.p_adjusted)]] : []),
    ]),
  ];
}

function ruleRow(row, plot, decimals) {
  const estimate = shared(row);
  const lost = row.estimate;
  const ends = bounded(estimate)
    ? `${number(100 * estimate.low, decimals)} to ${number(100 * estimate.high, decimals)}`
    : h("span", { class: "quiet-word" }, "none");
  const said = `${row.probe}: ${number(100 * estimate.value, 1)} %, ${row.said}`;
  const picture = s(
    "svg",
    { role: "img", "aria-label": said },
    washFrom(plot.scale(0), plot.scale(0.5)),
    grid(plot),
    upright("ceiling-line", plot.scale(0.5)),
    effectMark(estimate, plot, row.said),
  );
  return h(
    "tr",
    { class: kindOf(row.said) ? "found" : null },
    h(
      "th",
      { scope: "row", class: "scorer" },
      explain(h("span", { class: "probe-name", tabindex: 0 }, h("bdi", null, row.probe)), ruleTip(row)),
      h("span", { class: "said-under" }, saidNodes(row.said)),
    ),
    h("td", { class: "num chosen" }, shareText(estimate, decimals)),
    h("td", { class: "interval" }, ends),
    explain(h("td", { class: "plot" }, picture), ruleTip(row)),
    h("td", { class: "num wide-only" }, shareText(lost, decimals)),
    h("td", { class: "num wide-only" }, whole(estimate.n ?? 0)),
    h("td", { class: "num wide-only" }, pText(row.p_adjusted)),
    h("td", { class: "said-cell" }, saidNodes(row.said)),
  );
}

function rulesTable(rows) {
  const plot = shareAxis();
  const decimals = Math.min(1, Math.max(0, ...rows.map((row) => shareDecimals(shared(row), 1))));
  const level = rows.map(shared).find(bounded);
  const column = (text, kind, tip) =>
    h(
      "th",
      { scope: "col", class: kind },
      tip ? explain(h("span", { tabindex: 0 }, text), () => h("p", null, tip)) : text,
    );
  return h(
    "table",
    { class: "board rules" },
    h("caption", { class: "unseen" }, "Content-blind rules by the share of decided pairs that they win"),
    h(
      "thead",
      null,
      h(
        "tr",
        null,
        column("Rule", "scorer"),
        column("Wins %", "num chosen", "With ½ for each pair that the rule cannot tell apart."),
        column(level ? levelText(level) : "Interval", "interval"),
        h(
          "th",
          { scope: "col", class: "plot" },
          h("span", { class: "unseen" }, "Drawn"),
          plainAxisHead(plot, HALF, (mark) => `${100 * mark}`),
        ),
        column("Ties lost %", "num wide-only", "With nothing for a pair that the rule cannot tell apart."),
        column("Pairs", "num wide-only"),
        column("p", "num wide-only", "Exact sign test over items against a coin, after Holm over all rules and parts."),
        column("Shown", "said-cell"),
      ),
    ),
    h(
      "tbody",
      null,
      rows.map((row) => ruleRow(row, plot, decimals)),
    ),
  );
}

function rulesLegend() {
  return h(
    "p",
    { class: "legend" },
    shapeKey("shown to win more than half", "more than half"),
    shapeKey("not shown", "not shown"),
    washKey("no better than a coin"),
  );
}

function notApplied() {
  const rows = OVERALL.filter((row) => !defined(shared(row)));
  if (!rows.length) return null;
  return h(
    "ul",
    { class: "notes" },
    rows.map((row) => h("li", null, h("bdi", null, row.probe), " does not apply: ", row.reason || "undefined")),
  );
}

// ---- in parts of the data

const PART_COLUMNS = [...new Set(PARTS.map((row) => row.slice.column))];

function partValues(column) {
  const sizes = new Map();
  for (const row of PARTS)
    if (row.slice.column === column)
      sizes.set(row.slice.value, Math.max(sizes.get(row.slice.value) ?? 0, shared(row).n ?? 0));
  return [...sizes].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

const partKey = (probe, column, value) => JSON.stringify([probe, column, value]);
const PART_OF = new Map(PARTS.map((row) => [partKey(row.probe, row.slice.column, row.slice.value), row]));

function partCell(rule, row, where, span) {
  const estimate = row && shared(row);
  if (!defined(estimate)) return h("td", { class: "cell void", tabindex: -1 }, row ? "undef." : "");
  const small = where && (estimate.n ?? 0) < SMALL_SLICE;
  const over = estimate.value > 0.5;
  const kind = small ? "small" : over ? `heat q${heatStep(estimate.value, span)}` : "pale";
  const text = [
    kindOf(row.said) || row.said === "less than half" ? markOf(row.said) : "",
    number(100 * estimate.value, 0),
  ];
  const cell = h("td", { class: `cell ${kind}${where ? "" : " overall"}`, tabindex: -1 }, text.join(""));
  return explain(cell, () => [
    h("b", null, h("bdi", null, rule.probe)),
    h("p", null, where ?? "all", small ? ` · fewer than ${SMALL_SLICE} pairs` : ""),
    factList([
      ["wins, ties ½", `${number(100 * estimate.value, 1)} %`],
      ...estimateFacts(estimate).filter(([name]) => name !== "value"),
      ...(Number.isFinite(row.p_adjusted) ? [["p after Holm", pText(row.p_adjusted)]] : []),
      ["shown", row.said],
    ]),
  ]);
}

function partsTable(column, values) {
  const rows = shownRules();
  const top = quantile(
    rows
      .flatMap((rule) => values.map(([value]) => PART_OF.get(partKey(rule.probe, column, value))))
      .filter((row) => row && defined(shared(row)) && (shared(row).n ?? 0) >= SMALL_SLICE)
      .map((row) => shared(row).value),
    0.95,
  );
  const span = [0.5, Math.max(0.6, Number.isFinite(top) ? top : 1)];
  const table = h(
    "table",
    { class: "heatmap" },
    h("caption", { class: "unseen" }, `Percent of pairs that each rule wins, by ${column}`),
    heatHead(column, values),
    h(
      "tbody",
      null,
      rows.map((rule) =>
        h(
          "tr",
          null,
          h("th", { scope: "row", class: "scorer" }, h("bdi", { title: rule.probe }, shortName(rule.probe, 34))),
          partCell(rule, rule, null, span),
          values.map(([value]) =>
            partCell(rule, PART_OF.get(partKey(rule.probe, column, value)), `${column}: ${value}`, span),
          ),
        ),
      ),
    ),
  );
  gridKeys(table);
  return { table, span };
}

function partsKey(span) {
  const shades = Array.from({ length: STEPS }, (_, q) =>
    s("rect", { class: `heat q${q}`, x: q * 22, y: 0, width: 22, height: 12 }),
  );
  return h(
    "p",
    { class: "legend" },
    h(
      "span",
      { class: "key" },
      "50 %",
      s("svg", { width: 22 * STEPS, height: 12, "aria-hidden": "true" }, shades),
      `≥ ${number(100 * span[1], 0)} %`,
    ),
    h("span", { class: "key" }, "◆ shown to win more than half"),
    h("span", { class: "key" }, "◇ shown to win less: the other direction wins"),
    h("span", { class: "key" }, h("span", { class: "swatch small" }), `fewer than ${SMALL_SLICE} pairs`),
  );
}

function startParts(box) {
  let column = PART_COLUMNS[0];
  let everything = false;
  const picture = h("div");
  const draw = () => {
    const all = partValues(column);
    const values = everything ? all : all.slice(0, FIRST_SLICES);
    const { table, span } = partsTable(column, values);
    const toggle = () => {
      everything = !everything;
      draw();
    };
    const label = everything ? `Show the ${FIRST_SLICES} largest` : `Show all ${whole(all.length)} values of ${column}`;
    const more = all.length > FIRST_SLICES && quietButton(label, toggle, "more-parts");
    redraw(picture, partsKey(span), scrollBox(`Rules by ${column}`, table), more);
  };
  const choose = (chosen) => {
    [column, everything] = [chosen, false];
    draw();
  };
  const columns = select(
    PART_COLUMNS.map((name) => [name, name]),
    column,
    choose,
    "part-column",
  );
  box.append(
    h("h3", null, "In parts of the data"),
    h(
      "p",
      { class: "deck" },
      "The same rules within each part, largest parts first; percent of pairs, with the number of pairs in the heading.",
    ),
    PART_COLUMNS.length > 1 ? h("div", { class: "controls" }, field("Slice by", columns)) : "",
    picture,
  );
  watch(["both"], draw);
  draw();
}

function startRules(box) {
  const table = h("div", { class: "wide board-wrap" });
  const draw = () => {
    const rows = shownRules();
    redraw(table, rows.length ? rulesTable(rows) : emptyNote("No rule could be tried on this data."));
    fitLabels(table);
  };
  const both = OVERALL.some((row) => row.mirror);
  box.append(
    both
      ? h(
          "div",
          { class: "controls" },
          check("both directions of a rule", false, (on) => update({ both: on }), "both"),
        )
      : "",
    rulesLegend(),
    table,
    notApplied() ?? "",
  );
  if (PART_COLUMNS.length) {
    const parts = h("div");
    box.append(parts);
    startParts(parts);
  }
  watch(["both"], draw);
  window.addEventListener("resize", () => fitLabels(table));
  draw();
}

SECTIONS["rules-box"] = startRules;
