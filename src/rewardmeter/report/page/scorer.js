// One scorer: its diagrams before and after calibration, what every way to calibrate is worth, all numbers as text.

const KINDS = Object.keys(DIAGRAMS).filter((kind) => Object.values(VIEWS).some((view) => view.before[kind]));
const HAS_RATINGS = KINDS.includes("residual");
const AS_RATINGS = ["residual", "gaps", "labels"];
const FIGURES = HAS_RATINGS
  ? [...AS_RATINGS, "reliability", "margins", "coverage"].filter((kind) => KINDS.includes(kind))
  : KINDS;
const GROUPS = HAS_RATINGS
  ? [
      ["As a prediction of the rating", FIGURES.filter((kind) => AS_RATINGS.includes(kind))],
      ["As a choice between two responses", FIGURES.filter((kind) => !AS_RATINGS.includes(kind))],
    ]
  : [["", FIGURES]];
const CALIBRATED = Object.values(VIEWS).some((view) => view.after);
Object.assign(state, { when: "before", figure: FIGURES[0] });

const GHOSTED = new Set(["reliability", "coverage"]); // on axes that both states share

const drawable = (view) => view && (view.n ?? view.weight ?? view.risk).length > 0;

// The view of a kind in the state that is asked for, else the raw one; the other state is the ghost behind it.
function viewOf(scorer, kind) {
  const views = own(VIEWS, scorer);
  if (!views) return null;
  const calibrated = state.when === "after" && views.after?.[kind];
  const view = calibrated ? views.after[kind] : views.before[kind];
  const said = (calibrated ? views.after : views.before).said[kind];
  const ghost = calibrated && GHOSTED.has(kind) && drawable(views.before[kind]) ? views.before[kind] : null;
  return drawable(view) ? { view, said, ghost, calibrated: Boolean(calibrated) } : null;
}

function whenToggle() {
  const name = `when-${document.querySelectorAll(".when").length}`;
  const choice = (value, label) =>
    h(
      "label",
      { class: "check" },
      h("input", {
        type: "radio",
        name,
        value,
        "data-key": `${name}-${value}`,
        onchange: () => update({ when: value }),
      }),
      label,
    );
  const box = h(
    "div",
    { class: "field when", role: "radiogroup", "aria-label": "Scores" },
    h("span", null, "Scores"),
    h("div", { class: "checks" }, choice("before", "raw"), choice("after", "calibrated, on held-out items")),
  );
  const follow = () => {
    for (const input of box.querySelectorAll("input")) input.checked = input.value === state.when;
  };
  watch(["when"], follow);
  follow();
  return box;
}

function numbersTable(kind, view) {
  const { columns } = DIAGRAMS[kind];
  const rows = view.n ?? view.weight ?? view.risk;
  const cell = (source, i) => {
    const value = typeof source === "function" ? source(view, i) : view[source][i];
    return Number.isFinite(value) ? number(value, Number.isInteger(value) ? 0 : value < 1 ? 3 : 2) : "none";
  };
  const head = Object.keys(columns).map((name) => h("th", { scope: "col", class: "num" }, name));
  const body = rows.map((_, i) =>
    h(
      "tr",
      null,
      Object.values(columns).map((source) => h("td", { class: "num" }, cell(source, i))),
    ),
  );
  return h(
    "details",
    { class: "numbers" },
    h("summary", null, "Numbers"),
    h(
      "div",
      { class: "wide" },
      h("table", { class: "plain" }, h("thead", null, h("tr", null, head)), h("tbody", null, body)),
    ),
  );
}

function diagramPanel(row, kind) {
  const found = viewOf(row.scorer, kind);
  const { draw, title, note, scores: described } = DIAGRAMS[kind];
  if (!found) return null;
  const { view, said, ghost, calibrated } = found;
  const scores = described?.(view) ?? (calibrated ? `calibrated by ${own(VIEWS, row.scorer).method}` : "raw scores");
  const label = `${title} of ${row.scorer}, ${scores}: ${said || note}`;
  return h(
    "figure",
    { class: "panel", "data-kind": kind, "data-state": calibrated ? "after" : "before" },
    h("figcaption", null, h(HAS_RATINGS ? "h4" : "h3", null, title), h("p", null, scores)),
    said && h("p", { class: "said" }, said),
    plotBox((width) => {
      const height = Math.round(Math.min(360, Math.max(240, width * 0.72)));
      return frame(width, height, label, draw(view, { width, height, small: false, ghost }));
    }),
    h("p", { class: "legend" }, h("span", null, note), ghost && h("span", null, "dotted: raw scores")),
    numbersTable(kind, view),
  );
}

// ---- what every way to calibrate is worth

const METHOD_WORDS = { raw: "raw scores", coin: "a coin", mean: "the mean rating" };
const PAIRED = SETTINGS.target === "utility";

function methodGain(trial) {
  return PAIRED ? trial.gain : trial.gain_over_blind;
}

function methodTable(row) {
  const gains = row.methods.map(methodGain).filter(bounded);
  const span = extent([0, ...gains.flatMap((gain) => [gain.low, gain.high])]);
  const scale = span && linear(span, [4, 96]);
  const finest = (estimates) => Math.max(0, ...estimates.filter(defined).map((one) => decimalsFor(halfWidth(one))));
  const pads = [finest(row.methods.map((trial) => trial.loss)), finest(row.methods.map(methodGain))];
  const text = (estimate, pad) =>
    defined(estimate) ? number(estimate.value, decimalsFor(halfWidth(estimate)), pad) : "";
  const line = (trial) => {
    const gain = methodGain(trial);
    const chosen = trial.method === row.chosen;
    const marks = scale && [upright("zero", scale(0)), whisker(gain, scale, chosen ? "selected" : "")];
    const words = trial.reason || (chosen ? (trial.method === "raw" ? "kept" : "chosen") : "");
    const name = h("th", { scope: "row" }, own(METHOD_WORDS, trial.method) ?? trial.method);
    const facts = () =>
      [
        h("b", null, own(METHOD_WORDS, trial.method) ?? trial.method),
        h("p", null, "held-out loss"),
        factList(estimateFacts(trial.loss)),
        gain && [
          h("p", null, PAIRED ? "gain over the raw scores" : "gain over the mean rating"),
          factList(estimateFacts(gain)),
        ],
      ]
        .filter(Boolean)
        .flat();
    return explain(
      h(
        "tr",
        { class: chosen ? "selected" : null },
        name,
        h("td", { class: "num" }, text(trial.loss, pads[0])),
        h("td", { class: "num" }, text(gain, pads[1])),
        h("td", { class: "interval" }, bounded(gain) ? intervalText(gain, decimalsFor(halfWidth(gain))) : ""),
        h("td", { class: "plot" }, gain && s("svg", { "aria-hidden": "true" }, marks)),
        h("td", { class: "quiet-word" }, words),
      ),
      facts,
    );
  };
  return h(
    "figure",
    { class: "panel table" },
    h(
      "figcaption",
      null,
      h("h3", null, "What every way to calibrate is worth"),
      h("p", null, "on items that its fit has not seen"),
    ),
    h(
      "div",
      { class: "wide" },
      h(
        "table",
        { class: "mini methods" },
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            ["Way", "Loss", PAIRED ? "Gain over raw" : "Gain over the mean", "Interval", "Drawn", ""].map((name, i) =>
              h(
                "th",
                { scope: "col", class: i === 1 || i === 2 ? "num" : null },
                name || h("span", { class: "unseen" }, "Verdict"),
              ),
            ),
          ),
        ),
        h("tbody", null, row.methods.map(line)),
      ),
    ),
  );
}

function afterTable(row) {
  const ids = Object.keys(row.after || {}).filter((id) => defined(own(row.after, id)));
  if (!ids.length) return null;
  const cells = (estimate) => {
    const decimals = Math.min(4, decimalsFor(halfWidth(estimate)));
    return [
      h("td", { class: "num" }, defined(estimate) ? number(estimate.value, decimals, 4) : "undefined"),
      h("td", { class: "interval" }, bounded(estimate) ? intervalText(estimate, decimals) : ""),
    ];
  };
  const line = (id) => {
    const name = h("th", { scope: "row" }, labelNodes(id));
    explain(name, definitionTip(id));
    return h("tr", null, name, cells(estimateOf(row, id)), cells(own(row.after, id)));
  };
  const heads = ["Statistic", "Raw", "", "Calibrated", ""];
  return h(
    "figure",
    { class: "panel table" },
    h("figcaption", null, h("h3", null, "Before and after"), h("p", null, `${row.chosen}, on held-out items`)),
    h(
      "div",
      { class: "wide" },
      h(
        "table",
        { class: "mini after" },
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            heads.map((name) =>
              h(
                "th",
                { scope: "col", class: name && name !== "Statistic" ? "num" : null },
                name || h("span", { class: "unseen" }, "Interval"),
              ),
            ),
          ),
        ),
        h("tbody", null, ids.map(line)),
      ),
    ),
  );
}

function outcomeSentence(row) {
  const gain = estimateOf(row, "calibration.held_out_gain");
  const { calibrator, tried } = row.outcome;
  const amount = bounded(gain)
    ? `${number(gain.value, decimalsFor(halfWidth(gain)))} (${intervalText(gain, decimalsFor(halfWidth(gain)))})`
    : "";
  if (calibrator === "knows nothing")
    return `No way to calibrate is shown to beat ${METHOD_WORDS[row.chosen]}, which does not look at the score.`;
  if (calibrator === "not worth it") {
    return tried && amount
      ? `No calibrator is shown to be worth having: the best that was tried, ${tried}, gains ${amount} over the raw scores.`
      : "No calibrator is shown to be worth having.";
  }
  return `Calibrating by ${calibrator} is worth having: it gains ${amount} over ${PAIRED ? "the raw scores" : "the mean rating"}.`;
}

function startScorer(box) {
  const panels = h("div");
  const line = h("p", { class: "finding" });
  const note = h("p", { class: "deck" });
  const draw = () => {
    const row = rowOf.get(state.scorer);
    const views = own(VIEWS, state.scorer);
    line.textContent = outcomeSentence(row);
    const missing = state.when === "after" && views && !views.after;
    note.textContent = missing ? "There is nothing calibrated to show: these are the raw scores." : "";
    const pairKinds = state.when === "after" && views?.after && !views.after.reliability && HAS_RATINGS;
    if (pairKinds)
      note.textContent = "The calibrator predicts ratings; diagrams of pairs stay those of the raw scores.";
    redraw(
      panels,
      GROUPS.map(([title, kinds]) => {
        const drawn = kinds.map((kind) => diagramPanel(row, kind)).filter(Boolean);
        return (
          drawn.length > 0 && [
            HAS_RATINGS && h("h3", { class: "group" }, title),
            h("div", { class: "panels near" }, drawn),
          ]
        );
      }),
      !views && emptyNote(`No diagrams were kept for ${state.scorer}; its numbers are in calibration.json.`),
      methodTable(row),
      afterTable(row),
      shiftTables(row),
    );
  };
  const has = (scorer) => Boolean(own(VIEWS, scorer));
  box.append(h("div", { class: "controls" }, scorerPicker(has), CALIBRATED && whenToggle()), line, note, panels);
  watch(["scorer", "when"], draw);
  draw();
}

SECTIONS["scorer-box"] = startScorer;
