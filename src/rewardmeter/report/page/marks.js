// The marks that all sections share: whisker, reference line, picker, and the tip that explains a mark.

const tips = new WeakMap();
const tipBox = document.getElementById("tip");
let tipped = null;

const explain = (node, content) => {
  tips.set(node, content);
  return node;
};

function showTip(node) {
  if (node === tipped) return;
  hideTip();
  tipped = node;
  tipBox.replaceChildren(...[tips.get(node)()].flat(Infinity));
  tipBox.hidden = false;
  node.setAttribute("aria-describedby", "tip");
  const mark = node.getBoundingClientRect();
  const box = tipBox.getBoundingClientRect();
  const left = Math.min(Math.max(8, mark.left), document.documentElement.clientWidth - box.width - 8);
  const below = mark.bottom + 6 + box.height < window.innerHeight;
  tipBox.style.left = `${Math.max(8, left)}px`;
  tipBox.style.top = `${below ? mark.bottom + 6 : Math.max(8, mark.top - box.height - 6)}px`;
}

function hideTip() {
  if (tipped) tipped.removeAttribute("aria-describedby");
  tipped = null;
  tipBox.hidden = true;
}

function tipTarget(event) {
  for (let node = event.target; node instanceof Element; node = node.parentElement) if (tips.has(node)) return node;
  return null;
}

function startTips() {
  document.addEventListener("pointerover", (event) => {
    const node = tipTarget(event);
    if (node) showTip(node);
    else if (!tipBox.contains(event.target)) hideTip();
  });
  document.addEventListener("focusin", (event) => {
    const node = tipTarget(event);
    if (node && node.matches(":focus-visible")) showTip(node);
    else hideTip();
  });
  document.addEventListener("focusout", hideTip);
  document.addEventListener("scroll", hideTip, { passive: true, capture: true });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hideTip();
  });
}

// ---- what a tip says about an estimate

const KNOWN_PARTS = new Set(["value", "low", "high", "level", "n", "method", "undefined_groups", "agree", "pairs"]);

function intervalText(estimate, decimals) {
  return `${number(estimate.low, decimals)} to ${number(estimate.high, decimals)}`;
}

const levelText = (estimate) => `${number(100 * (estimate.level ?? SETTINGS.level ?? 0.95), 0)} % interval`;

function estimateFacts(estimate) {
  if (!estimate) return [["", "not computed"]];
  const decimals = Math.min(4, decimalsFor(halfWidth(estimate), 3) + 1);
  const facts = [];
  if (!defined(estimate)) facts.push(["value", "undefined"]);
  else facts.push(["value", number(estimate.value, decimals)]);
  if (bounded(estimate)) facts.push([levelText(estimate), intervalText(estimate, decimals)]);
  else if (defined(estimate)) facts.push(["interval", "none"]);
  if (Number.isFinite(estimate.agree) && Number.isFinite(estimate.pairs))
    facts.push(["agreeing", `${whole(estimate.agree)} of ${whole(estimate.pairs)} pairs`]);
  if (Number.isFinite(estimate.n)) facts.push(["n", whole(estimate.n)]);
  if (estimate.undefined_groups) facts.push(["undefined groups", `${whole(estimate.undefined_groups)}, left out`]);
  for (const [name, value] of Object.entries(estimate)) {
    if (KNOWN_PARTS.has(name) || value === null || typeof value === "object") continue;
    facts.push([
      name === "epsilon" ? "tie threshold ε" : name.replaceAll("_", " "),
      typeof value === "number" ? shortNumber(value) : value,
    ]);
  }
  if (estimate.method && estimate.method !== "none") facts.push(["method", estimate.method]);
  return facts;
}

const shortNumber = (value) =>
  value !== 0 && Math.abs(value) < 1e-4 ? value.toExponential(2) : number(value, value % 1 ? 4 : 0);

function factList(facts) {
  return h(
    "dl",
    null,
    facts.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))),
  );
}

function estimateTip(row, id, estimate, where = null) {
  return () => {
    const facts = estimateFacts(estimate);
    const partial = Number.isFinite(row.coverage) && row.coverage < 1;
    if (!where && partial) facts.push(["coverage", coverageText(row.coverage)]);
    return [
      h("b", null, h("bdi", null, row.scorer)),
      h("p", null, labelNodes(id), where ? [" · ", where] : null),
      factList(facts),
    ];
  };
}

const definitionTip = (id) => () => [
  h("b", null, labelNodes(id)),
  h("p", null, STATISTICS.get(id)?.definition || "No definition was given for this id."),
];

// ---- the whisker: positions are percentages, so that a row can be any width

const at = (position) => `${position.toFixed(3)}%`;

function whisker(estimate, scale, kind) {
  if (!defined(estimate)) return [];
  const x = scale(estimate.value);
  return [
    bounded(estimate) &&
      s("line", {
        class: `whisker ${kind}`,
        x1: at(scale(estimate.low)),
        x2: at(scale(estimate.high)),
        y1: "50%",
        y2: "50%",
      }),
    s("circle", { class: `dot ${kind}`, cx: at(x), cy: "50%", r: 4.2 }),
  ];
}

const upright = (kind, position) => s("line", { class: kind, x1: at(position), x2: at(position), y1: 0, y2: "100%" });

// ---- controls

const emptyNote = (text) => h("p", { class: "empty" }, text);

const quietButton = (label, onclick, key = null) =>
  h("button", { type: "button", class: "quiet", "data-key": key, onclick }, label);

function field(label, control) {
  return h("label", { class: "field" }, h("span", null, label), control);
}

function select(options, chosen, change, key) {
  const node = h(
    "select",
    { "data-key": key, onchange: (event) => change(event.target.value) },
    options.map(([value, text, disabled]) => h("option", { value, disabled: disabled || null }, text)),
  );
  node.value = chosen ?? "";
  return node;
}

// A control that follows the state; on paper its value is said in words.
function told(label, node, key, words) {
  const paper = h("output", { class: "paper" });
  const follow = () => {
    node.value = state[key];
    paper.textContent = `${label}: ${visible(words(state[key]))}`;
  };
  watch([key], follow);
  follow();
  const box = field(label, node);
  box.classList.add("told");
  box.append(paper);
  return box;
}

// One picker per section, all showing the same choice.
function scorerPicker(available = () => true) {
  const options = byRank.map((row) => [
    row.scorer,
    available(row.scorer) ? row.scorer : `${row.scorer} (not kept)`,
    !available(row.scorer),
  ]);
  return told(
    "Scorer",
    select(options, state.scorer, (scorer) => update({ scorer }), "scorer"),
    "scorer",
    (scorer) => scorer,
  );
}

const plainLabel = (id) => labelOf(id).replaceAll("_", " ");

const LEVELS = { segment: "Responses", system: "Systems", pair: "Pairs of responses" };

function statisticPicker() {
  const groups = new Map();
  for (const id of STATISTICS.keys()) {
    const level = id.includes(".") ? id.split(".")[0] : "";
    groups.set(level, [...(groups.get(level) || []), id]);
  }
  const options = (ids) => ids.map((id) => h("option", { value: id }, plainLabel(id)));
  const node = h(
    "select",
    { "data-key": "statistic", onchange: (event) => chooseStatistic(event.target.value) },
    [...groups].map(([level, ids]) =>
      groups.size > 1 ? h("optgroup", { label: own(LEVELS, level) || level || "Other" }, options(ids)) : options(ids),
    ),
  );
  return told("Statistic", node, "statistic", plainLabel);
}

const chooseStatistic = (statistic) => update({ statistic, sort: bestFirst(statistic) });
