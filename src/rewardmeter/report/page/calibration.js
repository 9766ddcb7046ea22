// The calibration board's own columns, and small multiples of one diagram for all scorers.

const GAIN = "calibration.held_out_gain";
const LOSS = "calibration.held_out_loss";
const BESIDE = [
  "calibration.brier",
  "calibration.ece",
  "calibration.slope",
  "calibration.auc",
  "calibration.margin_linearity",
  LOSS,
];
const FIRST_CARDS = 24;

const gainSpan = extent([
  0,
  ...ROWS.flatMap((row) => {
    const gain = estimateOf(row, GAIN);
    return defined(gain) ? [gain.value, gain.low, gain.high] : [];
  }),
]);

// A few scorers that lose without bound must not hide the differences between all others.
const losses = ROWS.map((row) => valueOf(row, PRIMARY)).filter(Number.isFinite);
state.zoom = Boolean(coinAxis(PRIMARY)) && Math.max(...losses) > 3 * quantile(losses, 0.5);

EXTRA[":calibrator"] = {
  label: "Calibrator",
  value: (row) => row.outcome.calibrator,
  text: (value) => value,
  head: { descending: false, class: "words" },
  cell: (row) => {
    const plain = ["not worth it", "knows nothing"].includes(row.outcome.calibrator);
    return explain(
      h("td", { class: "words" }, h("span", { class: plain ? "quiet-word" : null }, row.outcome.calibrator)),
      () => [h("b", null, h("bdi", null, row.scorer)), h("p", null, outcomeSentence(row))],
    );
  },
};

EXTRA[":gain"] = {
  label: "Gain, drawn",
  value: (row) => valueOf(row, GAIN),
  tip: definitionTip(GAIN),
  head: { class: "num gain-head" },
  cell: (row) => {
    const gain = estimateOf(row, GAIN);
    if (!defined(gain)) return h("td", { class: "gain" }, absent("none"));
    const scale = linear(gainSpan, [4, 96]);
    const text = number(gain.value, Math.min(4, decimalsFor(halfWidth(gain))));
    const said = bounded(gain) ? `${text}, ${levelText(gain)} ${intervalText(gain, 3)}` : text;
    return explain(
      h(
        "td",
        { class: "gain" },
        h("span", null, text),
        s(
          "svg",
          { role: "img", "aria-label": `gain of ${row.scorer}: ${said}` },
          upright("zero", scale(0)),
          whisker(gain, scale, row.scorer === state.scorer ? "selected" : ""),
        ),
      ),
      estimateTip(row, GAIN, gain, row.outcome.tried),
    );
  },
};

columnsAtStart = () => {
  const wide = window.innerWidth >= 1180 ? BESIDE.length : window.innerWidth >= 900 ? 2 : 0;
  const kept = new Set(BESIDE.filter((id) => STATISTICS.has(id) && id !== PRIMARY).slice(0, wide));
  return [...[...STATISTICS.keys()].filter((id) => kept.has(id)), ...(NARROW.matches ? [] : [":calibrator", ":gain"])];
};

// ---- small multiples

function card(row) {
  const found = viewOf(row.scorer, state.figure);
  const [width, height] = [190, 140];
  const scores = !found?.calibrated && state.when === "after" ? "raw" : "";
  const id =
    { residual: "calibration.rating_ece", gaps: "calibration.margin_linearity" }[state.figure] ?? "calibration.ece";
  const estimate = found?.calibrated ? own(row.after, id) : estimateOf(row, id);
  const short = { "calibration.rating_ece": "error", "calibration.margin_linearity": "linearity" }[id] ?? "ECE";
  const amount = defined(estimate) ? `${short} ${number(estimate.value, columnDecimals(id))}` : "";
  const button = h(
    "button",
    {
      type: "button",
      class: `card${found && !scores ? "" : " pale"}`,
      "data-key": `card-${row.scorer}`,
      "aria-pressed": String(row.scorer === state.scorer),
      "aria-label": `${row.scorer}: ${found?.said || "nothing to draw"}`,
      onclick: () => update({ scorer: row.scorer }),
    },
    h("span", { class: "card-name" }, h("bdi", null, shortName(row.scorer, 40))),
    found
      ? s(
          "svg",
          { class: "figure", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
          DIAGRAMS[state.figure].draw(found.view, { width, height, small: true, ghost: found.ghost }),
        )
      : h("span", { class: "empty" }, "nothing to draw"),
    h("span", { class: "card-note" }, [amount, scores].filter(Boolean).join(" · ")),
  );
  return explain(button, () => [
    h("b", null, h("bdi", null, row.scorer)),
    h("p", null, found?.said || "nothing to draw"),
  ]);
}

function startGlance(box) {
  let everything = false;
  const cards = h("div", { class: "cards" });
  const under = h("div");
  const note = h("p", { class: "count" });
  const toggle = () => {
    everything = !everything;
    draw();
  };
  const draw = () => {
    const rows = shownRows().filter((row) => own(VIEWS, row.scorer));
    const shown = everything ? rows : rows.slice(0, FIRST_CARDS);
    note.textContent = `${whole(shown.length)} of ${whole(ROWS.length)} scorers drawn, in the order of the board; ${DIAGRAMS[state.figure].note}`;
    redraw(cards, shown.length ? shown.map(card) : emptyNote("No scorer with diagrams fits the filters of the board."));
    const label = everything ? `Show the first ${FIRST_CARDS}` : `Show all ${whole(rows.length)}`;
    redraw(under, rows.length > FIRST_CARDS && quietButton(label, toggle, "more-cards"));
  };
  const figures = told(
    "Diagram",
    select(
      FIGURES.map((kind) => [kind, DIAGRAMS[kind].title]),
      state.figure,
      (figure) => update({ figure }),
      "figure",
    ),
    "figure",
    (kind) => DIAGRAMS[kind].title,
  );
  box.append(h("div", { class: "controls" }, figures, CALIBRATED && whenToggle()), note, cards, under);
  watch(["figure", "when", "statistic", "sort", "text", "recorded", "scorer"], draw);
  draw();
}

SECTIONS["glance-box"] = startGlance;
