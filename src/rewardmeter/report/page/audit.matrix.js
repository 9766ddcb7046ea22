// Scorers beside each other: a row per probe, a column per scorer; colour only where an effect was shown.

const KIND_ORDER = Object.keys(BOARD.kinds);
const kindTitle = (kind) => own(BOARD.kinds, kind)?.title ?? kind;
const effectOf = (probe) => (defined(probe?.estimate) ? probe.estimate.value - probe.null : null);

function kindsOf(rows) {
  const found = [...new Set(rows.flatMap((row) => row.probes.map((probe) => probe.kind)))];
  const place = (kind) => (KIND_ORDER.includes(kind) ? KIND_ORDER.indexOf(kind) : KIND_ORDER.length);
  return found.sort((a, b) => place(a) - place(b));
}

// Probes of a kind by how many scorers raise an alarm; within a scorer a name is unique in its kind.
function matrixRows(kind) {
  const found = new Map();
  ROWS.forEach((row, i) => {
    for (const probe of row.probes) {
      if (probe.kind !== kind) continue;
      if (!found.has(probe.probe)) found.set(probe.probe, { name: probe.probe, first: probe, cells: [] });
      found.get(probe.probe).cells[i] = probe;
    }
  });
  const alarms = ({ cells }) => cells.filter((probe) => probe?.said === "alarm").length;
  const most = ({ cells }) => Math.max(0, ...cells.map((probe) => Math.abs(effectOf(probe) ?? 0)));
  return [...found.values()].sort((a, b) => alarms(b) - alarms(a) || most(b) - most(a));
}

// Shades of one measure are of one unit: the 90th percentile of what was shown is the strongest.
const STRONG = new Map();
for (const measure of new Set(ROWS.flatMap((row) => row.probes.map((probe) => probe.measure)))) {
  const shown = ROWS.flatMap((row) => row.probes)
    .filter((probe) => probe.measure === measure && kindOf(probe.said))
    .map((probe) => Math.abs(effectOf(probe)));
  STRONG.set(measure, quantile(shown, 0.9));
}

function shadeOf(probe) {
  const strong = STRONG.get(probe.measure);
  const share = strong > 0 ? Math.abs(effectOf(probe)) / strong : 0;
  return Math.min(STEPS - 1, Math.floor(share * STEPS));
}

function probeTip(row, probe) {
  return () => [
    h("b", null, h("bdi", null, probe.probe), " · ", h("bdi", null, row.scorer)),
    h("p", null, probe.says ?? ""),
    factList([
      [
        "measure",
        own(BOARD.measures, probe.measure) ? `${probe.measure}: ${BOARD.measures[probe.measure]}` : probe.measure,
      ],
      ...(defined(probe.estimate) ? [["no effect is", number(probe.null, probe.null % 1 ? 2 : 0)]] : []),
      ...estimateFacts(probe.estimate),
      ...(Number.isFinite(probe.p_adjusted) ? [["p after Holm", pText(probe.p_adjusted)]] : []),
      ["shown", probe.reason ? `${probe.said}: ${probe.reason}` : probe.said],
    ]),
  ];
}

function matrixCell(row, probe) {
  if (!probe) return h("td", { class: "cell void", tabindex: -1, title: "not tried" }, "");
  const effect = effectOf(probe);
  const shade = { alarm: "heat w", shown: "heat q" }[kindOf(probe.said)];
  const kind = effect === null ? "void" : shade ? shade + shadeOf(probe) : "pale";
  const text = effect === null ? "–" : `${probe.said === "alarm" ? "◆" : ""}${signed(effect, 2)}`;
  return explain(h("td", { class: `cell ${kind}`, tabindex: -1 }, text), probeTip(row, probe));
}

function matrixHead() {
  const turned = ROWS.length > 8 || ROWS.some((row) => row.scorer.length > 18) || (NARROW.matches && ROWS.length > 2);
  return h(
    "thead",
    null,
    h(
      "tr",
      null,
      h("th", { scope: "col", class: "scorer" }, h("small", null, "probe · alarms")),
      ROWS.map((row) =>
        h(
          "th",
          { scope: "col" },
          h(
            "button",
            {
              type: "button",
              class: "name",
              "aria-label": row.scorer,
              "data-key": `column-${row.scorer}`,
              onclick: () => update({ scorer: row.scorer }),
            },
            h(
              "span",
              { class: turned ? "turned" : "straight" },
              h("bdi", { title: row.scorer }, shortName(row.scorer, 24)),
            ),
          ),
          h("small", { class: row.alarms ? "alarm-word" : null }, row.alarms ? `◆${whole(row.alarms)}` : "0"),
        ),
      ),
    ),
  );
}

function matrixTable(onlyAlarms) {
  const bodies = kindsOf(ROWS).map((kind) => {
    const rows = matrixRows(kind).filter(({ cells }) => !onlyAlarms || cells.some((probe) => probe?.said === "alarm"));
    if (!rows.length) return null;
    return h(
      "tbody",
      null,
      h(
        "tr",
        { class: "kind" },
        h("th", { scope: "rowgroup", colspan: ROWS.length + 1 }, h("span", null, kindTitle(kind))),
      ),
      rows.map(({ name, first, cells }) =>
        h(
          "tr",
          null,
          h(
            "th",
            { scope: "row", class: "scorer" },
            h("bdi", { title: first.says ? `${name}: ${first.says}` : name }, shortName(name, 34)),
          ),
          ROWS.map((row, i) => matrixCell(row, cells[i])),
        ),
      ),
    );
  });
  const table = h(
    "table",
    { class: `heatmap matrix${ROWS.length <= 6 ? " few" : ""}` },
    h("caption", { class: "unseen" }, "Effect of each probe on each scorer"),
    matrixHead(),
    bodies.filter(Boolean),
  );
  gridKeys(table);
  return table;
}

function matrixKey() {
  const shades = (ramp) =>
    s(
      "svg",
      { width: 12 * STEPS, height: 12, "aria-hidden": "true" },
      Array.from({ length: STEPS }, (_, q) =>
        s("rect", { class: `heat ${ramp}${q}`, x: q * 12, y: 0, width: 12, height: 12 }),
      ),
    );
  return h(
    "p",
    { class: "legend" },
    h("span", { class: "key" }, shades("w"), "◆ alarm: shown, and a fault"),
    h("span", { class: "key" }, shades("q"), "shown, as it should be"),
    h("span", { class: "key" }, h("span", { class: "pale" }, "+.12"), "not shown"),
    h("span", { class: "key" }, h("span", { class: "pale" }, "–"), "undefined"),
  );
}

function startMatrix(box) {
  let onlyAlarms = false;
  const picture = h("div");
  // Only the marked column changes with the scorer: a large table is built once.
  const follow = () => {
    const place = ROWS.findIndex((row) => row.scorer === state.scorer) + 1;
    for (const line of picture.querySelectorAll("tr:not(.kind)"))
      [...line.cells].forEach((cell, i) => cell.classList.toggle("selected", i === place));
    picture
      .querySelectorAll("thead button")
      .forEach((button, i) => button.setAttribute("aria-pressed", i + 1 === place));
  };
  const draw = () => {
    const table = matrixTable(onlyAlarms);
    const empty = !table.tBodies.length && emptyNote("No probe raises an alarm.");
    redraw(picture, empty || scrollBox("Effects by probe and scorer", table, "wide tall"));
    follow();
  };
  const only = check(
    "only probes with an alarm",
    false,
    (on) => {
      onlyAlarms = on;
      draw();
    },
    "alarms",
  );
  box.append(
    h("h3", null, "All scorers"),
    h(
      "p",
      { class: "deck" },
      "Numbers are differences from the value of no effect, in the unit of the probe; stronger shades are larger within a unit. Choose a scorer by its name to see its probes below.",
    ),
    h("div", { class: "controls" }, only),
    matrixKey(),
    picture,
  );
  watch(["scorer"], follow);
  NARROW.addEventListener("change", draw);
  draw();
}

SECTIONS["matrix-box"] = startMatrix;
