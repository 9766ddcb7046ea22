// Slices: the chosen statistic per scorer and slice value, grey where a slice is too small to say much.

const SLICE_COLUMNS = [...new Set(ROWS.flatMap((row) => Object.keys(row.slices || {})))];
const FIRST_SLICES = 40;

function sliceValues(column) {
  const sizes = new Map();
  for (const row of ROWS)
    for (const [value, entry] of Object.entries(own(row.slices, column) || {}))
      sizes.set(value, Math.max(sizes.get(value) || 0, entry.n ?? 0));
  return [...sizes].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

const sliceEntry = (row, column, value) => own(own(row.slices, column), value);
const isSmall = (entry) => (entry.n ?? 0) < SMALL_SLICE;

// Shades run from the 10th to the 90th percentile: a few odd scorers must not flatten all others.
function heatSpan(rows, column, values, id) {
  const kept = rows.flatMap((row) =>
    values
      .map(([value]) => sliceEntry(row, column, value))
      .filter((entry) => entry && !isSmall(entry))
      .map((entry) => own(entry.statistics, id)?.value),
  );
  const known = [...kept, ...rows.map((row) => valueOf(row, id))].filter(Number.isFinite);
  return extent([quantile(known, 0.1), quantile(known, 0.9)]);
}

function heatStep(value, [low, high]) {
  return Math.min(STEPS - 1, Math.max(0, Math.floor(((value - low) / (high - low)) * STEPS)));
}

function heatCell(row, column, value, plot) {
  const entry = value === null ? { n: null, statistics: row.statistics } : sliceEntry(row, column, value);
  const estimate = own(entry?.statistics, plot.id);
  const small = value !== null && entry && isSmall(entry);
  const kind = !defined(estimate) ? "void" : small ? "small" : `heat q${heatStep(estimate.value, plot.span)}`;
  const text = !entry ? "" : defined(estimate) ? number(estimate.value, plot.decimals) : "undef.";
  const cell = h("td", { class: `cell ${kind}${value === null ? " overall" : ""}`, tabindex: -1 }, text);
  const where = value === null ? "all" : `${column}: ${value}`;
  const facts = estimateTip(row, plot.id, estimate, where);
  const size =
    value === null || !entry
      ? []
      : [h("p", null, `${whole(entry.n ?? 0)} in this slice${small ? `, fewer than ${SMALL_SLICE}` : ""}`)];
  return explain(cell, () => [...facts(), ...size]);
}

function heatHead(column, values) {
  const turned = values.length > 10 || values.some(([value]) => value.length > 14);
  const name = (text, n) =>
    h(
      "th",
      { scope: "col" },
      h("div", { class: turned ? "turned" : "straight" }, h("bdi", null, text)),
      n === null ? h("small", null, "\u00a0") : h("small", null, whole(n)),
    );
  return h(
    "thead",
    null,
    h(
      "tr",
      null,
      h("th", { scope: "col", class: "scorer" }, h("small", null, `${column} · n`)),
      name("all", null),
      values.map(([value, n]) => name(value, n)),
    ),
  );
}

// One stop for the tab key; arrows move inside.
function gridKeys(table) {
  const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
  const grid = rows.map((row) => [...row.querySelectorAll("td")]).filter((cells) => cells.length);
  if (grid[0]?.[0]) grid[0][0].tabIndex = 0;
  table.addEventListener("keydown", (event) => {
    const move = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    const i = grid.findIndex((row) => row.includes(event.target));
    if (!move || i < 0) return;
    const next = grid[i + move[0]]?.[grid[i].indexOf(event.target) + move[1]];
    event.preventDefault();
    if (!next) return;
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
}

function heatTable(rows, column, values) {
  const id = state.statistic;
  const span = heatSpan(rows, column, values, id);
  const plot = { id, span, decimals: Math.min(2, columnDecimals(id)) || 2 };
  const table = h(
    "table",
    { class: "heatmap" },
    h("caption", { class: "unseen" }, `${plainLabel(id)} of each scorer by ${column}`),
    heatHead(column, values),
    h(
      "tbody",
      null,
      rows.map((row) =>
        h(
          "tr",
          { class: row.scorer === state.scorer ? "selected" : null },
          h("th", { scope: "row", class: "scorer" }, h("bdi", { title: row.scorer }, shortName(row.scorer, 34))),
          heatCell(row, column, null, plot),
          values.map(([value]) => heatCell(row, column, value, plot)),
        ),
      ),
    ),
  );
  gridKeys(table);
  return { table, plot };
}

function heatKey({ span, decimals }) {
  const shades = Array.from({ length: STEPS }, (_, q) =>
    s("rect", { class: `heat q${q}`, x: q * 22, y: 0, width: 22, height: 12 }),
  );
  return h(
    "p",
    { class: "legend" },
    span &&
      h(
        "span",
        { class: "key" },
        `≤ ${number(span[0], decimals)}`,
        s("svg", { width: 22 * STEPS, height: 12, "aria-hidden": "true" }, shades),
        `≥ ${number(span[1], decimals)}`,
      ),
    h("span", { class: "key" }, h("span", { class: "swatch small" }), `fewer than ${SMALL_SLICE} in the slice`),
  );
}

// The part of the section that changes: the shaded table, or why there is none.
function heatPicture(column, values) {
  const rows = shownRows();
  const id = state.statistic;
  if (!rows.length) return emptyNote("No scorer fits the filters of the board.");
  const known = rows.some((row) => values.some(([value]) => own(sliceEntry(row, column, value)?.statistics, id)));
  if (!known) return emptyNote(`${plainLabel(id)} was not computed per ${column}. Choose another statistic.`);
  const { table, plot } = heatTable(rows, column, values);
  const name = `Heat map by ${column}`;
  return [heatKey(plot), h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": name }, table)];
}

function startSlices(box) {
  let column = SLICE_COLUMNS[0];
  let everything = false;
  const picture = h("div");
  const toggle = () => {
    everything = !everything;
    draw();
  };
  const draw = () => {
    const all = sliceValues(column);
    const values = everything ? all : all.slice(0, FIRST_SLICES);
    const label = everything ? `Show the ${FIRST_SLICES} largest` : `Show all ${whole(all.length)} values of ${column}`;
    const more = all.length > FIRST_SLICES && quietButton(label, toggle, "more-slices");
    redraw(picture, heatPicture(column, values), more);
  };
  const choose = (chosen) => {
    [column, everything] = [chosen, false];
    draw();
  };
  const columns = select(
    SLICE_COLUMNS.map((name) => [name, name]),
    column,
    choose,
    "slice-column",
  );
  box.append(
    h("div", { class: "controls" }, statisticPicker(), SLICE_COLUMNS.length > 1 && field("Slice by", columns)),
    picture,
  );
  watch(["statistic", "sort", "text", "reads", "rules", "recorded", "scorer"], draw);
  draw();
}

SECTIONS["slices-box"] = startSlices;
