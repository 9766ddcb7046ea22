// Texts whose parts are shaded by what they add to the score: shade and underline say it, the number is in the tip.

const FIRST_TEXTS = 5;
const READABLE = 4;

const isEffect = (piece) => piece.length > 1;
const effectKind = (effect) =>
  !Number.isFinite(effect) ? "unknown" : effect > 0 ? "up" : effect < 0 ? "down" : "none";

function effectText([, effect, error], decimals) {
  if (!Number.isFinite(effect)) return "not scored";
  return signed(effect, decimals) + (Number.isFinite(error) ? ` ± ${number(error, decimals)} (standard error)` : "");
}

// Shades are of one text, light enough to read on: its strongest part has the strongest.
function partShade(effect, strongest) {
  if (!effect || !Number.isFinite(effect)) return "";
  const step = Math.min(READABLE - 1, Math.floor((Math.abs(effect) / strongest) * READABLE));
  return `${effect > 0 ? "q" : "w"}${step}`;
}

function partNode(piece, strongest, decimals) {
  const [text, effect] = piece;
  const node = h(
    "span",
    {
      class: `part ${effectKind(effect)} heat ${partShade(effect, strongest)}`,
      tabindex: -1,
      "data-effect": Number.isFinite(effect) ? signed(effect, decimals) : "?",
    },
    text,
  );
  return explain(node, () => [
    h("b", null, effectText(piece, decimals)),
    h("p", null, { up: "raises the score", down: "lowers the score", none: "moves nothing" }[effectKind(effect)] ?? ""),
  ]);
}

// One stop for the tab key; arrows move from part to part.
function partKeys(box) {
  const parts = [...box.querySelectorAll(".part")];
  if (parts[0]) parts[0].tabIndex = 0;
  box.addEventListener("keydown", (event) => {
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const next = move && parts[parts.indexOf(event.target) + move];
    if (!move || !parts.includes(event.target)) return;
    event.preventDefault();
    if (!next) return;
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
}

function partsList(parts, decimals) {
  const sorted = [...parts].sort((a, b) => Math.abs(b[1] ?? 0) - Math.abs(a[1] ?? 0));
  return h(
    "details",
    { class: "numbers" },
    h("summary", null, `Parts by effect (${whole(parts.length)})`),
    h(
      "table",
      { class: "plain" },
      h(
        "thead",
        null,
        h("tr", null, h("th", { scope: "col", class: "num" }, "Effect"), h("th", { scope: "col" }, "Part")),
      ),
      h(
        "tbody",
        null,
        sorted
          .slice(0, 200)
          .map((piece) =>
            h(
              "tr",
              null,
              h("td", { class: "num" }, effectText(piece, decimals)),
              h("td", null, h("bdi", null, shortName(piece[0].trim() || "(blank)", 90))),
            ),
          ),
      ),
    ),
  );
}

function attributedFigure(one) {
  const parts = one.pieces.filter(isEffect);
  const effects = parts.map(([, effect]) => effect).filter(Number.isFinite);
  const strongest = Math.max(1e-12, ...effects.map(Math.abs));
  const fine = Math.min(4, Math.max(0, 2 - Math.floor(Math.log10(strongest)))); // three digits of the strongest
  const facts = [
    Number.isFinite(one.full) && `score ${number(one.full, fine)}`,
    Number.isFinite(one.empty) && `of an empty response ${number(one.empty, fine)}`,
    one.method,
    one.dropped > 0 && `${whole(one.dropped)} overlapping parts left out`,
  ];
  const text = h(
    "p",
    { class: "text attributed", role: "group", "aria-label": `Response of ${one.item ?? "an item"}, in parts` },
    one.pieces.map((piece) => (isEffect(piece) ? partNode(piece, strongest, fine) : piece[0])),
    one.cut > 0 ? h("span", { class: "cut" }, ` … ${whole(one.cut)} more characters`) : null,
  );
  partKeys(text);
  return h(
    "figure",
    { class: "panel broad attribution" },
    h(
      "figcaption",
      null,
      h("h3", null, h("bdi", null, one.item ?? ""), one.probe ? ` · ${one.probe}` : ""),
      h("p", null, facts.filter(Boolean).join(" · ")),
    ),
    text,
    parts.length ? partsList(parts, fine) : null,
  );
}

function attributionLegend() {
  const sample = (kind, shade, words) =>
    h("span", { class: "key" }, h("span", { class: `part ${kind} heat ${shade}` }, "words"), words);
  return h(
    "p",
    { class: "legend" },
    sample("up", "q3", "raises the score (solid line)"),
    sample("down", "w3", "lowers the score (wavy line)"),
    sample("none", "", "moves nothing"),
    sample("unknown", "", "not scored (dotted line)"),
  );
}

function startAttribution(box) {
  let everything = false;
  const list = h("div");
  const draw = () => {
    const row = rowOf.get(state.scorer);
    const all = row.attributions;
    const shown = everything ? all : all.slice(0, FIRST_TEXTS);
    const left = row.texts - all.length;
    const toggle = () => {
      everything = !everything;
      draw();
    };
    const label = everything ? `Show the first ${FIRST_TEXTS}` : `Show all ${whole(all.length)} texts`;
    redraw(
      list,
      all.length
        ? shown.map(attributedFigure)
        : emptyNote("No text of this scorer was taken apart. Choose another scorer."),
      all.length > FIRST_TEXTS && quietButton(label, toggle, "more-texts"),
      left > 0 && h("p", { class: "count" }, `${whole(left)} more texts of this scorer are in audit.json.`),
    );
  };
  const kept = (name) => rowOf.get(name).attributions.length > 0;
  box.append(ROWS.length > 1 ? h("div", { class: "controls" }, scorerPicker(kept)) : "", attributionLegend(), list);
  watch(["scorer"], draw);
  draw();
}

SECTIONS["attribution-box"] = startAttribution;
