// The board: a row per scorer, its interval drawn in the row on one shared axis.

const READS = ["prompt", "response", "references"];
const READ_TAGS = { prompt: "prompt", response: "response", references: "refs" };
// Keys of columns that are not statistics begin with a colon, which no statistic id does.
const EXTRA = {
  ":coverage": { label: "Coverage", value: (row) => row.coverage ?? null, text: (value) => percent(value) },
  ":seconds": { label: "Seconds", value: (row) => row.cost?.seconds || null, text: (value) => number(value, value < 10 ? 1 : 0) },
  ":dollars": { label: "Dollars", value: (row) => row.cost?.dollars || null, text: (value) => number(value, 2) },
};

const readsText = (row) => (row.reads?.length ? row.reads.join(" + ") : "not stated");
const clustered = () => state.statistic === PRIMARY && ROWS.some((row) => Number.isInteger(row.cluster));

// ---- which rows, in which order

function sortValue(row, key) {
  if (key === ":scorer") return row.scorer.toLocaleLowerCase();
  if (key === ":reads") return readsText(row);
  if (Object.hasOwn(EXTRA, key)) return EXTRA[key].value(row);
  return valueOf(row, key === ":chosen" ? state.statistic : key);
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
  const values = ROWS.map((row) => valueOf(row, state.statistic));
  return new Map(ROWS.map((row, i) => [row, values[i] === null ? null : 1 + values.filter((v) => v !== null && v > values[i]).length]));
}

// ---- the shared axis and its reference lines

function bestRule(id) {
  const rules = ROWS.filter((row) => row.baseline && valueOf(row, id) !== null);
  return rules.length ? rules.reduce((best, row) => (valueOf(row, id) > valueOf(best, id) ? row : best)) : null;
}

function axis(rows, id) {
  const ceiling = defined(own(CEILING, id)) ? own(CEILING, id) : null;
  const rule = bestRule(id);
  const values = rows.flatMap((row) => {
    const estimate = estimateOf(row, id);
    return defined(estimate) ? [estimate.value, estimate.low, estimate.high] : [];
  });
  const span = extent([...values, ceiling?.value, ceiling?.low, ceiling?.high, rule && valueOf(rule, id)]);
  if (!span) return null;
  if (state.zoom && rule && valueOf(rule, id) < span[1]) span[0] = valueOf(rule, id) - 0.08 * (span[1] - valueOf(rule, id));
  return { id, span, ceiling, rule, scale: linear(span, [3, 97]), marks: ticks(...span, NARROW.matches ? 2 : 5) };
}

function backdrop(plot) {
  const { scale, marks, ceiling, rule, span, id } = plot;
  return [
    rule && s("rect", { class: "below-rule", x: 0, y: 0, width: at(scale(valueOf(rule, id))), height: "100%" }),
    ceiling && bounded(ceiling) && s("rect", { class: "ceiling-band", x: at(scale(ceiling.low)), y: 0, width: at(scale(ceiling.high) - scale(ceiling.low)), height: "100%" }),
    marks.map((mark) => upright(mark === 0 && span[0] < 0 ? "zero" : "grid", scale(mark))),
    rule && upright("rule-line", scale(valueOf(rule, id))),
    ceiling && upright("ceiling-line", scale(ceiling.value)),
  ];
}

// A label stands on the side of its line that has more room.
function lineLabel(position, y, kind, long, short) {
  const end = position > 50;
  const place = { class: `line-label ${kind}`, x: at(position), dx: end ? -5 : 5, y, "text-anchor": end ? "end" : "start" };
  return [s("text", { ...place, class: `${place.class} long` }, long), s("text", { ...place, class: `${place.class} short` }, short)];
}

// The long wording stays only where it does not run out of the column.
function fitLabels(table) {
  const head = table.querySelector(".axis-head");
  if (!head) return;
  head.classList.remove("tight");
  const room = head.getBoundingClientRect();
  const runsOut = [...head.querySelectorAll(".long")].some((label) => {
    const text = label.getBoundingClientRect();
    return text.left < room.left || text.right > room.right;
  });
  head.classList.toggle("tight", runsOut);
}

function axisHead(plot) {
  const { scale, marks, ceiling, rule, id } = plot;
  const decimals = columnDecimals(id);
  const value = rule && valueOf(rule, id);
  const name = rule && (rule.scorer.length > 18 ? `${rule.scorer.slice(0, 17)}…` : rule.scorer);
  return s(
    "svg",
    { class: "axis-head", "aria-hidden": "true" },
    ceiling && lineLabel(scale(ceiling.value), 12, "ceiling", `human ceiling ${number(ceiling.value, decimals)}`, `people ${number(ceiling.value, decimals)}`),
    ceiling && s("line", { class: "ceiling-line", x1: at(scale(ceiling.value)), x2: at(scale(ceiling.value)), y1: 3, y2: "100%" }),
    rule && lineLabel(scale(value), 27, "rule", `best content-blind rule: ${name} ${number(value, decimals)}`, `best rule ${number(value, decimals)}`),
    rule && s("line", { class: "rule-line", x1: at(scale(value)), x2: at(scale(value)), y1: 18, y2: "100%" }),
    marks.map((mark) => s("text", { class: "tick", x: at(scale(mark)), y: 44, "text-anchor": "middle" }, tickText(mark, tickDecimals(marks)))),
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
  const sorted = active ? (state.sort.descending ? "descending" : "ascending") : "none";
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
      options.clusters && h("th", { scope: "col", class: "cluster" }, explain(h("span", { tabindex: 0 }, "Cluster"), () => [h("p", null, "Scorers of one cluster were not told apart by the significance test.")])),
      h("th", { scope: "col", class: "place" }, "#"),
      headCell(":scorer", "Scorer", { descending: false, class: "scorer" }),
      options.reads && headCell(":reads", "Reads", { descending: false, class: "reads" }),
      headCell(":chosen", h("span", null, labelNodes(state.statistic)), { class: "num chosen", tip: definitionTip(state.statistic) }),
      h("th", { scope: "col", class: "interval" }, options.level),
      h("th", { scope: "col", class: "plot" }, h("span", { class: "unseen" }, "Drawn"), plot && axisHead(plot)),
      columns.map((key) =>
        Object.hasOwn(EXTRA, key)
          ? headCell(key, EXTRA[key].label, { class: "num" })
          : headCell(key, h("span", null, labelNodes(key)), { class: "num", tip: definitionTip(key) }),
      ),
    ),
  );
}

function nameCell(row, options) {
  const button = h(
    "button",
    { type: "button", class: "name", "data-key": `row-${row.scorer}`, "aria-label": row.scorer, "aria-pressed": String(row.scorer === state.scorer), onclick: () => update({ scorer: row.scorer }) },
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
  const known = READS.map((part) => h("span", { class: row.reads.includes(part) ? "tag" : "tag absent", "aria-hidden": row.reads.includes(part) ? null : "true" }, READ_TAGS[part]));
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
  const value = EXTRA[key].value(row);
  return h("td", { class: "num" }, value === null ? absent("unknown") : EXTRA[key].text(value));
}

// On the zoomed axis what lies left of it is an arrow at the edge.
function mark(estimate, { scale, span }, kind) {
  if (!defined(estimate)) return [];
  if (estimate.value < span[0]) return s("text", { class: "beyond", x: "0.5%", y: "50%", dy: 4 }, "◂");
  return whisker(bounded(estimate) ? { ...estimate, low: Math.max(estimate.low, span[0]) } : estimate, scale, kind);
}

function plotCell(row, plot) {
  const estimate = estimateOf(row, state.statistic);
  const cell = explain(h("td", { class: "plot" }), estimateTip(row, state.statistic, estimate));
  if (!plot) return cell;
  const kind = [row.baseline ? "rule" : "", row.scorer === state.scorer ? "selected" : ""].join(" ").trim();
  const said = defined(estimate) ? `${number(estimate.value, 3)}${bounded(estimate) ? `, ${levelText(estimate)} ${intervalText(estimate, 3)}` : ""}` : "undefined";
  cell.append(s("svg", { role: "img", "aria-label": `${row.scorer}: ${said}` }, backdrop(plot), mark(estimate, plot, kind)));
  return cell;
}

function tableRow(row, plot, columns, options) {
  const estimate = estimateOf(row, state.statistic);
  const decimals = options.decimals;
  const own = defined(estimate) ? ownDecimals(estimate, decimals) : decimals;
  const classes = [row.scorer === state.scorer && "selected", row.baseline && "baseline", options.opens.has(row) && "opens"];
  return h(
    "tr",
    { class: classes.filter(Boolean).join(" ") || null },
    options.clusters && h("td", { class: "cluster" }, options.opens.has(row) || !options.inOrder ? String(row.cluster ?? "–") : h("span", { class: "unseen" }, String(row.cluster ?? ""))),
    h("td", { class: "place" }, options.places.get(row) ?? "–"),
    nameCell(row, options),
    options.reads && readsCell(row),
    h("td", { class: "num chosen" }, defined(estimate) ? number(estimate.value, own, decimals) : undefinedWord()),
    h("td", { class: "interval" }, bounded(estimate) ? `${number(estimate.low, own, decimals)} to ${number(estimate.high, own, decimals)}` : defined(estimate) ? h("span", { class: "quiet-word" }, "none") : ""),
    plotCell(row, plot),
    columns.map((key) => (Object.hasOwn(EXTRA, key) ? extraCell(row, key) : statisticCell(row, key, options.widths.get(key)))),
  );
}

function boardTable(rows) {
  const columns = state.columns.filter((key) => key !== state.statistic);
  const plot = axis(rows, state.statistic);
  const inOrder = state.sort.key === ":chosen" && state.sort.descending;
  const level = ROWS.map((row) => estimateOf(row, state.statistic)).find(bounded);
  const options = {
    clusters: clustered(),
    inOrder,
    opens: new Set(clustered() && inOrder ? rows.filter((row, i) => i === 0 || row.cluster !== rows[i - 1].cluster) : []),
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
    h("tbody", null, rows.map((row) => tableRow(row, plot, columns, options))),
  );
}

// ---- controls around it

function check(label, checked, change, key) {
  return h("label", { class: "check" }, h("input", { type: "checkbox", checked: checked || null, "data-key": key, onchange: (event) => change(event.target.checked) }), label);
}

function columnMenu() {
  const keys = [...STATISTICS.keys(), ...Object.keys(EXTRA).filter((key) => ROWS.some((row) => EXTRA[key].value(row) !== null))];
  const toggle = (key, on) => update({ columns: keys.filter((each) => (each === key ? on : state.columns.includes(each))) });
  const menu = h("details", { class: "menu" }, h("summary", null, "Columns"), h("div", { class: "sheet" }, keys.map((key) => check(own(EXTRA, key)?.label ?? plainLabel(key), state.columns.includes(key), (on) => toggle(key, on), `column-${key}`))));
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  return menu;
}

const checks = (label, ...boxes) =>
  boxes.some(Boolean) && h("div", { class: "field", role: "group", "aria-label": label }, h("span", null, label), h("div", { class: "checks" }, boxes));

function boardControls() {
  const reads = [...new Set(ROWS.map(readsText))].sort();
  const search = h("input", { type: "search", placeholder: "name contains", "data-key": "text", oninput: (event) => update({ text: event.target.value }) });
  return h(
    "div",
    { class: "controls" },
    statisticPicker(),
    ROWS.length > 5 && field("Find", search),
    reads.length > 1 && field("Reads", select([["", "anything"], ...reads.map((value) => [value, value])], "", (value) => update({ reads: value }), "reads")),
    checks(
      "Show",
      ROWS.some((row) => row.baseline) && check("rules", true, (rules) => update({ rules }), "rules"),
      new Set(ROWS.map((row) => row.kind)).size > 1 && check("recorded", true, (recorded) => update({ recorded }), "recorded"),
    ),
    checks("Axis", bestRule(PRIMARY) && check("from the best rule up", false, (zoom) => update({ zoom }), "zoom")),
    h(
      "div",
      { class: "tools" },
      columnMenu(),
      h("button", { type: "button", class: "quiet", onclick: () => copy(tableText(), "Table copied, tab-separated, all digits") }, "Copy table"),
    ),
  );
}

// The rows as shown, tab-separated, with every digit.
function tableText() {
  const ids = [state.statistic, ...state.columns.filter((key) => key !== state.statistic && STATISTICS.has(key))];
  const cell = (value) => (value === null || value === undefined ? "" : String(value).replace(/[\t\n\r]/g, " "));
  const head = ["scorer", "reads", "coverage", ...ids.flatMap((id) => [id, `${id} low`, `${id} high`])];
  const lines = shownRows().map((row) => {
    const numbers = ids.flatMap((id) => ["value", "low", "high"].map((part) => estimateOf(row, id)?.[part]));
    return [row.scorer, readsText(row), row.coverage, ...numbers].map(cell).join("\t");
  });
  return [head.join("\t"), ...lines].join("\n");
}

function legend() {
  const key = (name, mark) => h("span", { class: "key" }, s("svg", { width: 34, height: 14, "aria-hidden": "true" }, mark), name);
  const line = (kind) => s("line", { class: `whisker ${kind}`, x1: 3, x2: 31, y1: 7, y2: 7 });
  const dot = (kind) => s("circle", { class: `dot ${kind}`, cx: 17, cy: 7, r: 4.2 });
  const any = (test) => ROWS.some(test);
  return h(
    "p",
    { class: "legend" },
    any((row) => bounded(estimateOf(row, state.statistic))) && key("value and interval", [line(""), dot("")]),
    key("chosen scorer", [line("selected"), dot("selected")]),
    any((row) => row.baseline) && key("content-blind rule", [line("rule"), dot("rule")]),
    bestRule(state.statistic) && key("no better than a rule", s("rect", { class: "below-rule", x: 3, y: 0, width: 28, height: 14 })),
  );
}

// Different questions before variants of one question.
const FIRST_COLUMNS = ["segment.pearson.item", "segment.pearson", "system.pearson", "system.pairwise_accuracy", "pair.accuracy_half_ties", "pair.best_of_k"];

function defaultColumns() {
  const wide = window.innerWidth >= 1180 ? 4 : window.innerWidth >= 900 ? 2 : 0;
  const others = [...STATISTICS.keys()].filter((id) => id !== PRIMARY);
  const first = new Set([...FIRST_COLUMNS.filter((id) => others.includes(id)), ...others].slice(0, wide));
  const extras = NARROW.matches ? [] : [ROWS.some((row) => row.coverage < 1) && ":coverage", ROWS.some((row) => row.cost?.dollars) && ":dollars"];
  return [...others.filter((id) => first.has(id)), ...extras.filter(Boolean)];
}

function startBoard(box) {
  state.columns = defaultColumns();
  const table = h("div", { class: "wide board-wrap" });
  const keys = h("div");
  const fit = () => {
    table.classList.remove("scrolls");
    const scrolls = table.scrollWidth > table.clientWidth + 1;
    table.classList.toggle("scrolls", scrolls);
    if (scrolls) table.setAttribute("tabindex", "0");
    else table.removeAttribute("tabindex");
    fitLabels(table);
  };
  const draw = () => {
    const rows = shownRows();
    redraw(table, rows.length ? boardTable(rows) : h("p", { class: "empty" }, "No scorer fits these filters."));
    redraw(keys, legend());
    fit();
  };
  box.append(
    h("p", { class: "deck" }, "One row per scorer. The dot is the value, the line its interval; all rows share the axis at the top. Click a name to follow that scorer through the page."),
    boardControls(),
    keys,
    table,
  );
  watch(["statistic", "sort", "columns", "text", "reads", "rules", "recorded", "scorer", "zoom"], draw);
  watch(["text", "reads", "rules", "recorded"], () => say(`${shownRows().length} of ${ROWS.length} scorers shown`));
  window.addEventListener("resize", fit);
  NARROW.addEventListener("change", draw);
  draw();
}
