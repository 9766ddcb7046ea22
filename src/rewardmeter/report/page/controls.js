// What stands around the board: choosing, filtering, columns, copying, the key; and the start of it all.

function check(label, checked, change, key) {
  return h(
    "label",
    { class: "check" },
    h("input", {
      type: "checkbox",
      checked: checked || null,
      "data-key": key,
      onchange: (event) => change(event.target.checked),
    }),
    label,
  );
}

function columnMenu() {
  const keys = [
    ...STATISTICS.keys(),
    ...Object.keys(EXTRA).filter((key) => ROWS.some((row) => EXTRA[key].value(row) !== null)),
  ];
  const toggle = (key, on) =>
    update({ columns: keys.filter((each) => (each === key ? on : state.columns.includes(each))) });
  const menu = h(
    "details",
    { class: "menu" },
    h("summary", null, "Columns"),
    h(
      "div",
      { class: "sheet" },
      keys.map((key) =>
        check(
          own(EXTRA, key)?.label ?? plainLabel(key),
          state.columns.includes(key),
          (on) => toggle(key, on),
          `column-${key}`,
        ),
      ),
    ),
  );
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
  boxes.some(Boolean) &&
  h(
    "div",
    { class: "field", role: "group", "aria-label": label },
    h("span", null, label),
    h("div", { class: "checks" }, boxes),
  );

function boardControls() {
  const reads = [...new Set(ROWS.map(readsText))].sort();
  const search = h("input", {
    type: "search",
    placeholder: "name contains",
    "data-key": "text",
    oninput: (event) => update({ text: event.target.value }),
  });
  return h(
    "div",
    { class: "controls" },
    statisticPicker(),
    ROWS.length > 5 && field("Find", search),
    reads.length > 1 &&
      field(
        "Reads",
        select(
          [["", "anything"], ...reads.map((value) => [value, value])],
          "",
          (value) => update({ reads: value }),
          "reads",
        ),
      ),
    checks(
      "Show",
      ROWS.some((row) => row.baseline) && check("rules", true, (rules) => update({ rules }), "rules"),
      new Set(ROWS.map((row) => row.kind)).size > 1 &&
        check("recorded", true, (recorded) => update({ recorded }), "recorded"),
    ),
    checks(
      "Axis",
      bestRule(PRIMARY) && check("from the best rule up", false, (zoom) => update({ zoom }), "zoom"),
      coinAxis(PRIMARY) && check("up to twice a coin's loss", state.zoom, (zoom) => update({ zoom }), "zoom"),
    ),
    h(
      "div",
      { class: "tools" },
      columnMenu(),
      quietButton("Copy table", () => copy(tableText(), "Table copied, tab-separated, all digits")),
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
  const key = (name, mark) =>
    h("span", { class: "key" }, s("svg", { width: 34, height: 14, "aria-hidden": "true" }, mark), name);
  const line = (kind) => s("line", { class: `whisker ${kind}`, x1: 3, x2: 31, y1: 7, y2: 7 });
  const dot = (kind) => s("circle", { class: `dot ${kind}`, cx: 17, cy: 7, r: 4.2 });
  const any = (test) => ROWS.some(test);
  return h(
    "p",
    { class: "legend" },
    any((row) => bounded(estimateOf(row, state.statistic))) && key("value and interval", [line(""), dot("")]),
    key("chosen scorer", [line("selected"), dot("selected")]),
    any((row) => row.baseline) && key("content-blind rule", [line("rule"), dot("rule")]),
    bestRule(state.statistic) &&
      key("no better than a rule", s("rect", { class: "below-rule", x: 3, y: 0, width: 28, height: 14 })),
  );
}

// Different questions before variants of one question.
const FIRST_COLUMNS = [
  "segment.pearson.item",
  "segment.pearson",
  "system.pearson",
  "system.pairwise_accuracy",
  "pair.accuracy_half_ties",
  "pair.best_of_k",
];

function defaultColumns() {
  const wide = window.innerWidth >= 1180 ? 4 : window.innerWidth >= 900 ? 2 : 0;
  const others = [...STATISTICS.keys()].filter((id) => id !== PRIMARY);
  const first = new Set([...FIRST_COLUMNS.filter((id) => others.includes(id)), ...others].slice(0, wide));
  const extras = NARROW.matches
    ? []
    : [
        ROWS.some((row) => row.coverage < 1) && ":coverage",
        ROWS.some((row) => row.cost_per_1000?.dollars) && ":dollars",
      ];
  return [...others.filter((id) => first.has(id)), ...extras.filter(Boolean)];
}

let columnsAtStart = defaultColumns;

function startBoard(box) {
  state.columns = columnsAtStart();
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
    redraw(table, rows.length ? boardTable(rows) : emptyNote("No scorer fits these filters."));
    redraw(keys, legend());
    fit();
  };
  box.append(boardControls(), keys, table);
  watch(["statistic", "sort", "columns", "text", "reads", "rules", "recorded", "scorer", "zoom"], draw);
  watch(["text", "reads", "rules", "recorded"], () => say(`${shownRows().length} of ${ROWS.length} scorers shown`));
  window.addEventListener("resize", fit);
  NARROW.addEventListener("change", draw);
  draw();
}

SECTIONS["board-box"] = startBoard;
