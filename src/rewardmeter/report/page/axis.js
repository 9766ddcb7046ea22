// The axis that the rows of the board share, and what stands behind every whisker: grid, best rule, human ceiling.

function bestRule(id) {
  const rules = ROWS.filter((row) => row.baseline && valueOf(row, id) !== null);
  return rules.length ? rules.reduce((best, row) => (valueOf(row, id) > valueOf(best, id) ? row : best)) : null;
}

// Where a coin loses little and some scorers lose without bound, the axis may end at twice the coin.
function coinAxis(id) {
  const reference = STATISTICS.get(id)?.reference;
  return reference && better(id) === "low" ? 2 * reference.value : null;
}

function axis(rows, id) {
  const ceiling = defined(own(CEILING, id)) ? own(CEILING, id) : null;
  const rule = bestRule(id);
  const values = rows.flatMap((row) => {
    const estimate = estimateOf(row, id);
    return defined(estimate) ? [estimate.value, estimate.low, estimate.high] : [];
  });
  const reference = STATISTICS.get(id)?.reference ?? null;
  const marked = [ceiling?.value, ceiling?.low, ceiling?.high, rule && valueOf(rule, id), reference?.value];
  const span = extent([...values, ...marked]);
  if (!span) return null;
  if (state.zoom && rule && valueOf(rule, id) < span[1])
    span[0] = valueOf(rule, id) - 0.08 * (span[1] - valueOf(rule, id));
  const coin = coinAxis(id);
  if (state.zoom && coin && coin < span[1]) span[1] = coin;
  return {
    id,
    span,
    ceiling,
    rule,
    reference,
    scale: linear(span, [3, 97]),
    marks: ticks(...span, NARROW.matches ? 2 : 5),
  };
}

function backdrop(plot) {
  const { scale, marks, ceiling, rule, reference, span, id } = plot;
  return [
    rule && s("rect", { class: "below-rule", x: 0, y: 0, width: at(scale(valueOf(rule, id))), height: "100%" }),
    ceiling &&
      bounded(ceiling) &&
      s("rect", {
        class: "ceiling-band",
        x: at(scale(ceiling.low)),
        y: 0,
        width: at(scale(ceiling.high) - scale(ceiling.low)),
        height: "100%",
      }),
    marks.map((mark) => upright(mark === 0 && span[0] < 0 ? "zero" : "grid", scale(mark))),
    rule && upright("rule-line", scale(valueOf(rule, id))),
    ceiling && upright("ceiling-line", scale(ceiling.value)),
    reference && upright("rule-line", scale(reference.value)),
  ];
}

// A label stands on the side of its line that has more room.
function lineLabel(position, y, kind, long, short) {
  const end = position > 50;
  const place = {
    class: `line-label ${kind}`,
    x: at(position),
    dx: end ? -5 : 5,
    y,
    "text-anchor": end ? "end" : "start",
  };
  return [
    s("text", { ...place, class: `${place.class} long` }, long),
    s("text", { ...place, class: `${place.class} short` }, short),
  ];
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
  const { scale, marks, ceiling, rule, reference, id } = plot;
  const decimals = columnDecimals(id);
  const value = rule && valueOf(rule, id);
  const name = rule && (rule.scorer.length > 18 ? `${rule.scorer.slice(0, 17)}…` : rule.scorer);
  return s(
    "svg",
    { class: "axis-head", "aria-hidden": "true" },
    ceiling &&
      lineLabel(
        scale(ceiling.value),
        12,
        "ceiling",
        `human ceiling ${number(ceiling.value, decimals)}`,
        `people ${number(ceiling.value, decimals)}`,
      ),
    ceiling &&
      s("line", {
        class: "ceiling-line",
        x1: at(scale(ceiling.value)),
        x2: at(scale(ceiling.value)),
        y1: 3,
        y2: "100%",
      }),
    rule &&
      lineLabel(
        scale(value),
        27,
        "rule",
        `best content-blind rule: ${name} ${number(value, decimals)}`,
        `best rule ${number(value, decimals)}`,
      ),
    rule && s("line", { class: "rule-line", x1: at(scale(value)), x2: at(scale(value)), y1: 18, y2: "100%" }),
    reference && lineLabel(scale(reference.value), 27, "rule", reference.label, reference.label),
    reference &&
      s("line", {
        class: "rule-line",
        x1: at(scale(reference.value)),
        x2: at(scale(reference.value)),
        y1: 18,
        y2: "100%",
      }),
    marks.map((mark) =>
      s(
        "text",
        { class: "tick", x: at(scale(mark)), y: 44, "text-anchor": "middle" },
        tickText(mark, tickDecimals(marks)),
      ),
    ),
  );
}
