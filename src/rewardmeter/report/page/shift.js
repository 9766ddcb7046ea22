// Under shift: a calibrator fitted on one part of the data and tested on every part.

// Shades say how much more is lost than by the calibrator of the part itself.
function shiftCell(row, column, shift, i, j, most) {
  const estimate = shift.loss[i][j];
  const home = shift.loss[j][j];
  if (!defined(estimate)) return h("td", { class: "cell void" }, "no fit");
  const more = defined(home) ? estimate.value - home.value : NaN;
  const shade = more > 0 && most > 0 ? Math.min(STEPS - 1, Math.floor((more / most) * STEPS)) : 0;
  const where = i === j ? `${shift.values[i]}, on held-out items` : `${shift.values[i]}, tested on ${shift.values[j]}`;
  const cell = h("td", { class: `cell heat q${shade}`, tabindex: -1 }, number(estimate.value, 3));
  return explain(cell, () => [
    h("b", null, h("bdi", null, row.scorer)),
    h("p", null, `fitted on ${where}`),
    factList(estimateFacts(estimate)),
    Number.isFinite(more) && i !== j ? factList([["more than its own", number(more, 3)]]) : h("p"),
  ]);
}

function shiftTable(row, column) {
  const shift = row.shift[column];
  const both = (one, j) => defined(one) && defined(shift.loss[j][j]);
  const excess = shift.loss.flatMap((line) =>
    line.map((one, j) => (both(one, j) ? one.value - shift.loss[j][j].value : 0)),
  );
  const most = Math.max(0, ...excess);
  const raw = shift.raw.map((one) => {
    const cell = h("td", { class: "cell void" }, defined(one) ? number(one.value, 3) : "undefined");
    return explain(cell, () => [h("b", null, "raw scores"), factList(estimateFacts(one))]);
  });
  const turned = shift.values.length > 8 || shift.values.some((value) => value.length > 14);
  const head = shift.values.map((value, j) =>
    h(
      "th",
      { scope: "col" },
      h("div", { class: turned ? "turned" : "straight" }, h("bdi", null, value)),
      h("small", null, whole(shift.items[j])),
    ),
  );
  const line = (name, cells) => h("tr", null, h("th", { scope: "row", class: "scorer" }, h("bdi", null, name)), cells);
  const table = h(
    "table",
    { class: "heatmap" },
    h("caption", { class: "unseen" }, `Loss of ${row.scorer} by ${column}: rows are fitted on, columns tested on`),
    h(
      "thead",
      null,
      h("tr", null, h("th", { scope: "col", class: "scorer" }, h("small", null, "fitted on ↓ tested on →")), head),
    ),
    h(
      "tbody",
      null,
      shift.values.map((value, i) =>
        line(
          value,
          shift.values.map((_, j) => shiftCell(row, column, shift, i, j, most)),
        ),
      ),
      line("raw scores", raw),
    ),
  );
  gridKeys(table);
  return h(
    "figure",
    { class: "panel table shift" },
    h(
      "figcaption",
      null,
      h("h3", null, `Under shift of ${column}`),
      h("p", null, `loss of ${shift.method}; darker: more than its own`),
    ),
    h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": `Under shift of ${column}` }, table),
  );
}

const shiftTables = (row) => Object.keys(row.shift || {}).map((column) => shiftTable(row, column));
