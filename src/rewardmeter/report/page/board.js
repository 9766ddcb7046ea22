// The board: a row per scorer, its interval drawn in the row on one shared axis.

const READS = ["prompt", "response", "references"];
const READ_TAGS = { prompt: "prompt", response: "response", references: "refs" };
// Keys of columns that are not statistics begin with a colon, which no statistic id does. A page may add its own, with
// a `cell` where text is not enough.
const EXTRA = {
  ":coverage": { label: "Coverage", value: (row) => row.coverage ?? null, text: coverageText },
  ":seconds": {
    label: "Seconds per 1,000",
    value: (row) => row.cost_per_1000?.seconds || null,
    text: (value) => number(value, value < 1 ? 3 : value < 10 ? 1 : 0),
  },
  ":dollars": {
    label: "Dollars per 1,000",
    value: (row) => row.cost_per_1000?.dollars || null,
    text: (value) => number(value, value < 0.1 ? 4 : 2),
  },
  ":tokens": {
    label: "Tokens per 1,000",
    value: (row) => (row.cost_per_1000 ? row.cost_per_1000.input_tokens + row.cost_per_1000.output_tokens : 0) || null,
    text: (value) => number(value, 0),
  },
  ":latency": {
    label: "Seconds per call",
    value: (row) => (row.cost_per_1000?.calls ? row.cost_per_1000.latency / row.cost_per_1000.calls : null),
    text: (value) => number(value, 2),
  },
};

const readsText = (row) => (row.reads?.length ? row.reads.join(" + ") : "not stated");
const clustered = () => state.statistic === PRIMARY && ROWS.some((row) => Number.isInteger(row.cluster));

// ---- which rows, in which order

function sortValue(row, key) {
  if (key === ":scorer") return row.scorer.toLocaleLowerCase();
  if (key === ":reads") return readsText(row);
  if (Object.hasOwn(EXTRA, key)) return EXTRA[key].value(row);
  const id = key === ":chosen" ? state.statistic : key;
  return better(id) === "near" ? goodness(row, id) : valueOf(row, id);
}

function compareRows(a, b) {
  const [x, y] = [sortValue(a, state.sort.key), sortValue(b, state.sort.key)];
  if (x === null || y === null) return (x === null) - (y === null) || (a.rank ?? 0) - (b.rank ?? 0);
  const order = x < y ? -1 : x > y ? 1 : 0;
  return (state.sort.descending ? -order : order) || (a.rank ?? 0) - (b.rank ?? 0) || (a.scorer < b.scorer ? -1 : 1);
}

function shownRows() {
  const text = state.text.trim().toLocaleLowerCase();
  return ROWS.filter(
    (row) =>
      (!text || row.scorer.toLocaleLowerCase().includes(text)) &&
      (!state.reads || readsText(row) === state.reads) &&
      (state.rules || !row.baseline) &&
      (state.recorded || row.kind !== "recorded"),
  ).sort(compareRows);
}

// Equal values share the better place; undefined ones have none.
function places() {
  const values = ROWS.map((row) => goodness(row, state.statistic));
  return new Map(
    ROWS.map((row, i) => [
      row,
      values[i] === null ? null : 1 + values.filter((v) => v !== null && v > values[i]).length,
    ]),
  );
}

// ---- the table

function headCell(key, label, { descending = true, tip = null, ...attributes } = {}) {
  const active = state.sort.key === key;
  const button = h(
    "button",
    {
      type: "button",
      "data-key": `sort-${key}`,
      onclick: () => update({ sort: { key, descending: active ? !state.sort.descending : descending } }),
    },
    label,
    h("span", { class: "arrow", "aria-hidden": "true" }, active ? (state.sort.descending ? "▼" : "▲") : ""),
  );
  const near = better(key === ":chosen" ? state.statistic : key) === "near";
  const sorted = !active ? "none" : near ? "other" : state.sort.descending ? "descending" : "ascending";
  // Buttons vanish from a table head that is repeated on the next sheet of paper.
  const paper = h("span", { class: "paper", "aria-hidden": "true" }, label.cloneNode?.(true) ?? label);
  return h("th", { scope: "col", "aria-sort": sorted, ...attributes }, tip ? explain(button, tip) : button, paper);
}

function tableHead(plot, columns, options) {
  return h(
    "thead",
    null,
    h(
      "tr",
      null,
      options.clusters &&
        h(
          "th",
          { scope: "col", class: "cluster" },
          explain(h("span", { tabindex: 0 }, "Cluster"), () => [
            h("p", null, "Scorers of one cluster were not told apart by the significance test."),
          ]),
        ),
      h("th", { scope: "col", class: "place" }, "#"),
      headCell(":scorer", "Scorer", { descending: false, class: "scorer" }),
      options.reads && headCell(":reads", "Reads", { descending: false, class: "reads" }),
      headCell(":chosen", h("span", null, labelNodes(state.statistic)), {
        descending: better(state.statistic) !== "low",
        class: "num chosen",
        tip: definitionTip(state.statistic),
      }),
      h("th", { scope: "col", class: "interval" }, options.level),
      h("th", { scope: "col", class: "plot" }, h("span", { class: "unseen" }, "Drawn"), plot && axisHead(plot)),
      columns.map((key) =>
        Object.hasOwn(EXTRA, key)
          ? headCell(key, EXTRA[key].label, { class: "num", tip: EXTRA[key].tip, ...EXTRA[key].head })
          : headCell(key, h("span", null, labelNodes(key)), {
              descending: better(key) !== "low",
              class: "num",
              tip: definitionTip(key),
            }),
      ),
    ),
  );
}

function nameCell(row, options) {
  const button = h(
    "button",
    {
      type: "button",
      class: "name",
      "data-key": `row-${row.scorer}`,
      "aria-label": row.scorer,
      "aria-pressed": String(row.scorer === state.scorer),
      onclick: () => update({ scorer: row.scorer }),
    },
    h("bdi", null, shortName(row.scorer)),
  );
  explain(button, estimateTip(row, state.statistic, estimateOf(row, state.statistic)));
  return h(
    "th",
    { scope: "row", class: "scorer" },
    button,
    row.baseline && h("span", { class: "tag rule" }, "rule"),
    options.mixed && row.kind === "recorded" && h("span", { class: "tag" }, "recorded"),
    options.reads && h("span", { class: "reads-under" }, readsText(row).replace("references", "refs")),
  );
}

// Three fixed places, so that the pattern of what is read can be seen down the column.
function readsCell(row) {
  if (!row.reads?.length) return h("td", { class: "reads" }, absent("not stated"));
  const known = READS.map((part) =>
    h(
      "span",
      {
        class: row.reads.includes(part) ? "tag" : "tag absent",
        "aria-hidden": row.reads.includes(part) ? null : "true",
      },
      READ_TAGS[part],
    ),
  );
  const other = row.reads.filter((part) => !READS.includes(part)).map((part) => h("span", { class: "tag" }, part));
  return h("td", { class: "reads" }, h("div", { class: "tags" }, known, other));
}

const absent = (why) => h("span", { class: "quiet-word", title: why, "aria-label": why, role: "img" }, "–");
const undefinedWord = () => h("span", { class: "quiet-word" }, "undefined");

function statisticCell(row, key, decimals) {
  const estimate = estimateOf(row, key);
  const cell = explain(h("td", { class: "num" }), estimateTip(row, key, estimate));
  if (!estimate) cell.append(absent("not computed"));
  else if (!defined(estimate)) cell.append(undefinedWord());
  else cell.append(number(estimate.value, ownDecimals(estimate, decimals), decimals));
  return cell;
}

function extraCell(row, key) {
  if (EXTRA[key].cell) return EXTRA[key].cell(row);
  const value = EXTRA[key].value(row);
  return h("td", { class: "num" }, value === null ? absent("unknown") : EXTRA[key].text(value));
}

// On the zoomed axis what lies beyond it is an arrow at the edge.
function mark(estimate, { scale, span }, kind) {
  if (!defined(estimate)) return [];
  const arrow = (x, sign) => s("text", { class: "beyond", x, y: "50%", dy: 4, "text-anchor": "middle" }, sign);
  if (estimate.value < span[0]) return arrow("1%", "◂");
  if (estimate.value > span[1]) return arrow("99%", "▸");
  if (!bounded(estimate)) return whisker(estimate, scale, kind);
  const ends = { low: Math.max(estimate.low, span[0]), high: Math.min(estimate.high, span[1]) };
  return whisker({ ...estimate, ...ends }, scale, kind);
}

function plotCell(row, plot) {
  const estimate = estimateOf(row, state.statistic);
  const cell = explain(h("td", { class: "plot" }), estimateTip(row, state.statistic, estimate));
  if (!plot) return cell;
  const kind = [row.baseline ? "rule" : "", row.scorer === state.scorer ? "selected" : ""].join(" ").trim();
  const said = defined(estimate)
    ? `${number(estimate.value, 3)}${bounded(estimate) ? `, ${levelText(estimate)} ${intervalText(estimate, 3)}` : ""}`
    : "undefined";
  cell.append(
    s("svg", { role: "img", "aria-label": `${row.scorer}: ${said}` }, backdrop(plot), mark(estimate, plot, kind)),
  );
  return cell;
}

function tableRow(row, plot, columns, options) {
  const estimate = estimateOf(row, state.statistic);
  const decimals = options.decimals;
  const own = defined(estimate) ? ownDecimals(estimate, decimals) : decimals;
  const classes = [
    row.scorer === state.scorer && "selected",
    row.baseline && "baseline",
    options.opens.has(row) && "opens",
  ];
  return h(
    "tr",
    { class: classes.filter(Boolean).join(" ") || null },
    options.clusters &&
      h(
        "td",
        { class: "cluster" },
        options.opens.has(row) || !options.inOrder
          ? String(row.cluster ?? "–")
          : h("span", { class: "unseen" }, String(row.cluster ?? "")),
      ),
    h("td", { class: "place" }, options.places.get(row) ?? "–"),
    nameCell(row, options),
    options.reads && readsCell(row),
    h("td", { class: "num chosen" }, defined(estimate) ? number(estimate.value, own, decimals) : undefinedWord()),
    h(
      "td",
      { class: "interval" },
      bounded(estimate)
        ? `${number(estimate.low, own, decimals)} to ${number(estimate.high, own, decimals)}`
        : defined(estimate)
          ? h("span", { class: "quiet-word" }, "none")
          : "",
    ),
    plotCell(row, plot),
    columns.map((key) =>
      Object.hasOwn(EXTRA, key) ? extraCell(row, key) : statisticCell(row, key, options.widths.get(key)),
    ),
  );
}

function boardTable(rows) {
  const columns = state.columns.filter((key) => key !== state.statistic);
  const plot = axis(rows, state.statistic);
  const inOrder = state.sort.key === ":chosen" && state.sort.descending === bestFirst(state.statistic).descending;
  const level = ROWS.map((row) => estimateOf(row, state.statistic)).find(bounded);
  const options = {
    clusters: clustered(),
    inOrder,
    opens: new Set(
      clustered() && inOrder ? rows.filter((row, i) => i === 0 || row.cluster !== rows[i - 1].cluster) : [],
    ),
    places: places(),
    decimals: columnDecimals(state.statistic),
    widths: new Map(columns.map((key) => [key, Object.hasOwn(EXTRA, key) ? 0 : columnDecimals(key)])),
    reads: ROWS.some((row) => row.reads?.length),
    mixed: new Set(ROWS.filter((row) => !row.baseline).map((row) => row.kind)).size > 1,
    level: level ? levelText(level) : "Interval",
  };
  return h(
    "table",
    { class: "board" },
    h("caption", { class: "unseen" }, `Scorers by ${plainLabel(state.statistic)}`),
    tableHead(plot, columns, options),
    h(
      "tbody",
      null,
      rows.map((row) => tableRow(row, plot, columns, options)),
    ),
  );
}
