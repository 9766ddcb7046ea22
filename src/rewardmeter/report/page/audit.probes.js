// One scorer: its probes by kind on axes of one unit, with the line of no effect, and how often each could be made.

const FIRST_NAMES = 6;
const COUNTED = ["applied", "not_applicable", "check_failed", "unscored"];

// ---- the address names the scorer: #scorer=…

const LINK = "#scorer=";
const anchorOfScorer = (name) => `${LINK}${encodeURIComponent(visible(name))}`;

function linkedScorer() {
  const { hash } = window.location;
  if (!hash.startsWith(LINK)) return null;
  try {
    const wanted = decodeURIComponent(hash.slice(LINK.length));
    return ROWS.find((row) => visible(row.scorer) === wanted)?.scorer ?? null;
  } catch {
    return null;
  }
}

// ---- one axis for the probes of a kind that share measure and null

// Wide intervals of a few probes must not hide the others: the axis ends soon after the values.
function probeSpan(probes) {
  const known = probes.filter((probe) => defined(probe.estimate));
  const values = [...known.map((probe) => probe.estimate.value), ...known.map((probe) => probe.null)];
  const inner = extent(values);
  if (!inner) return null;
  const halves = known.map((probe) => halfWidth(probe.estimate)).filter((half) => half > 0);
  const room = Math.max(inner[1] - inner[0], 2 * (quantile(halves, 0.75) || 0));
  const ends = known.flatMap((probe) => [probe.estimate.low, probe.estimate.high]).filter(Number.isFinite);
  const low = Math.max(inner[0] - room, Math.min(inner[0], ...ends));
  const high = Math.min(inner[1] + room, Math.max(inner[1], ...ends));
  return [low, high];
}

function badSide(probe, { scale, span }) {
  if (probe.bad === "greater") return washFrom(scale(probe.null), scale(span[1]) + 3);
  if (probe.bad === "less") return washFrom(scale(span[0]) - 3, scale(probe.null));
  return null;
}

const valueText = (probe, value, decimals) => (probe.null === 0 ? signed(value, decimals) : number(value, decimals));

function probeRow(row, probe, plot, decimals) {
  const estimate = probe.estimate;
  const name = h(
    "th",
    { scope: "row", class: "scorer" },
    explain(h("span", { class: "probe-name", tabindex: 0 }, h("bdi", null, probe.probe)), probeTip(row, probe)),
    probe.says ? h("span", { class: "says" }, probe.says) : null,
    h("span", { class: "said-under" }, saidNodes(probe.said)),
  );
  if (!defined(estimate) || !plot) {
    const why = h("td", { class: "why", colspan: 6 }, h("span", { class: "quiet-word" }, probe.reason || "undefined"));
    return h("tr", { class: "nothing" }, name, why);
  }
  const own = ownDecimals(estimate, decimals);
  const ends = bounded(estimate)
    ? `${valueText(probe, estimate.low, own)} to ${valueText(probe, estimate.high, own)}`
    : h("span", { class: "quiet-word" }, "none");
  const said = `${probe.probe}: ${valueText(probe, estimate.value, own)}, ${probe.said}`;
  const picture = s(
    "svg",
    { role: "img", "aria-label": said },
    badSide(probe, plot),
    grid(plot),
    upright("ceiling-line", plot.scale(probe.null)),
    effectMark(estimate, plot, probe.said),
  );
  return h(
    "tr",
    { class: probe.said === "alarm" ? "found" : null },
    name,
    h("td", { class: "num chosen" }, valueText(probe, estimate.value, own) + FIGURE_SPACE.repeat(decimals - own)),
    h("td", { class: "interval" }, ends),
    explain(h("td", { class: "plot" }, picture), probeTip(row, probe)),
    h("td", { class: "num wide-only" }, whole(estimate.n ?? 0)),
    h("td", { class: "num wide-only" }, pText(probe.p_adjusted)),
    h("td", { class: "said-cell" }, saidNodes(probe.said)),
  );
}

function probesTable(row, title, measure, probes) {
  const span = probeSpan(probes);
  const plot = span && plainAxis(span, NARROW.matches ? 3 : 5);
  const halves = probes.map((probe) => halfWidth(probe.estimate)).filter((half) => half > 0);
  const decimals = decimalsFor(quantile(halves, 0.25), 2);
  const zero = probes[0].null;
  const text = number(zero, zero % 1 ? 2 : 0);
  const reference = { value: zero, label: `no effect: ${text}`, short: text };
  const step = plot && tickDecimals(plot.marks);
  const level = probes.map((probe) => probe.estimate).find(bounded);
  return h(
    "table",
    { class: "board probes", "data-measure": measure },
    h("caption", { class: "unseen" }, `${title}: ${measure} of ${row.scorer}`),
    h(
      "thead",
      null,
      h(
        "tr",
        null,
        h("th", { scope: "col", class: "scorer" }, "Probe"),
        h(
          "th",
          { scope: "col", class: "num chosen" },
          explain(h("span", { tabindex: 0 }, measure), () => h("p", null, own(BOARD.measures, measure) ?? measure)),
        ),
        h("th", { scope: "col", class: "interval" }, level ? levelText(level) : "Interval"),
        h(
          "th",
          { scope: "col", class: "plot" },
          h("span", { class: "unseen" }, "Drawn"),
          plot && plainAxisHead(plot, reference, (mark) => tickText(mark, step)),
        ),
        h("th", { scope: "col", class: "num wide-only" }, "n"),
        h("th", { scope: "col", class: "num wide-only" }, "p"),
        h("th", { scope: "col", class: "said-cell" }, "Shown"),
      ),
    ),
    h(
      "tbody",
      null,
      probes.map((probe) => probeRow(row, probe, plot, decimals)),
    ),
  );
}

function kindPart(row, kind) {
  const probes = row.probes.filter((probe) => probe.kind === kind);
  const groups = new Map();
  for (const probe of probes) {
    const key = JSON.stringify([probe.measure, probe.null]);
    groups.set(key, [...(groups.get(key) ?? []), probe]);
  }
  const says = own(BOARD.kinds, kind)?.says;
  return h(
    "div",
    { class: "kind-part", role: "group", "data-kind": kind, "aria-label": kindTitle(kind) },
    h("h3", null, kindTitle(kind)),
    says ? h("p", { class: "deck" }, says) : null,
    [...groups].map(([, group]) =>
      h("div", { class: "wide board-wrap" }, probesTable(row, kindTitle(kind), group[0].measure, group)),
    ),
  );
}

// ---- how often, and what else

function moreOf(probe) {
  const others = Object.entries(probe.others);
  if (!others.length) return h("span", { class: "quiet-word" }, "none");
  const facts = others.map(([name, one]) => [
    name.replaceAll("_", " "),
    !defined(one)
      ? "undefined"
      : bounded(one)
        ? `${number(one.value, 3)} (${intervalText(one, 3)}), n ${whole(one.n ?? 0)}`
        : `${number(one.value, 3)}, n ${whole(one.n ?? 0)}`,
  ]);
  return h(
    "details",
    { class: "numbers" },
    h("summary", { "aria-label": `${others.length} more about ${probe.probe}` }, `${others.length} more`),
    factList(facts),
  );
}

function countsTable(row) {
  const probes = row.probes.filter(
    (probe) => Object.keys(probe.counts ?? {}).length || Object.keys(probe.others).length,
  );
  if (!probes.length) return null;
  const named = new Set(probes.flatMap((probe) => Object.keys(probe.counts ?? {})));
  const counts = [
    ...COUNTED.filter((name) => named.has(name)),
    ...[...named].filter((name) => !COUNTED.includes(name)),
  ];
  const why = (probe) =>
    Object.entries(probe.reasons ?? {}).map(([reason, n]) => h("div", null, `${reason}: ${whole(n)}`));
  const table = h(
    "table",
    { class: "plain counts" },
    h("caption", { class: "unseen" }, `How often each probe of ${row.scorer} could be made`),
    h(
      "thead",
      null,
      h(
        "tr",
        null,
        h("th", { scope: "col" }, "Probe"),
        counts.map((name) => h("th", { scope: "col", class: "num" }, name.replaceAll("_", " "))),
        h("th", { scope: "col" }, "Why not"),
        h("th", { scope: "col" }, "More numbers"),
      ),
    ),
    h(
      "tbody",
      null,
      probes.map((probe) =>
        h(
          "tr",
          null,
          h("th", { scope: "row" }, h("bdi", null, probe.probe)),
          counts.map((name) => {
            const n = own(probe.counts, name);
            return h("td", { class: "num" }, Number.isFinite(n) ? whole(n) : "");
          }),
          h("td", null, why(probe)),
          h("td", null, moreOf(probe)),
        ),
      ),
    ),
  );
  return [h("h3", null, "How often each probe could be made"), scrollBox("How often each probe could be made", table)];
}

// ---- in a sentence

function namedProbes(probes) {
  const more = probes.length > FIRST_NAMES ? ` and ${whole(probes.length - FIRST_NAMES)} more` : "";
  const named = probes.slice(0, FIRST_NAMES).map((probe) => probe.probe);
  return named.join(", ") + more;
}

function alarmSentence(row) {
  const alarms = row.probes.filter((probe) => probe.said === "alarm");
  const tested = row.probes.filter((probe) => Number.isFinite(probe.p_adjusted)).length;
  if (!tested) return "Nothing was tested.";
  const unseen = row.probes.filter((probe) => probe.said === "fall not shown");
  const blind = unseen.length ? ` Broken content that is not shown to lower its score: ${namedProbes(unseen)}.` : "";
  if (!alarms.length) return `No alarm: none of ${whole(tested)} tests shows a fault.${blind}`;
  const raise = alarms.length === 1 ? "raises" : "raise";
  return `${whole(alarms.length)} of ${whole(tested)} probes ${raise} an alarm: ${namedProbes(alarms)}.${blind}`;
}

function scaleSentence(row) {
  const value = row.scale;
  const unit = "the mean difference that it makes between two responses that people tell apart";
  if (!defined(value)) return `It has no scale (${unit}), so shifts and dependences are undefined.`;
  const decimals = decimalsFor(halfWidth(value), 3);
  const ends = bounded(value) ? ` (${intervalText(value, decimals)})` : "";
  return `Shifts and dependences are in units of ${unit}: ${number(value.value, decimals)} points${ends}.`;
}

function probesLegend() {
  return h(
    "p",
    { class: "legend" },
    shapeKey("alarm", "alarm"),
    shapeKey("shown, as it should be", "as it should be"),
    shapeKey("not shown", "not shown"),
    washKey("side of a fault"),
  );
}

function startProbes(box) {
  const title = h("h3");
  const found = h("p", { class: "finding", role: "status" });
  const scale = h("p", { class: "deck" });
  const picture = h("div");
  const draw = () => {
    const row = rowOf.get(state.scorer);
    title.replaceChildren(h("bdi", null, visible(row.scorer)));
    found.textContent = visible(alarmSentence(row));
    scale.textContent = visible(scaleSentence(row));
    const nothing = !row.probes.length && emptyNote("No probe was tried on this scorer.");
    redraw(picture, nothing || [probesLegend(), kindsOf([row]).map((kind) => kindPart(row, kind)), countsTable(row)]);
    for (const table of picture.querySelectorAll(".board-wrap")) fitLabels(table);
  };
  box.append(ROWS.length > 1 ? h("div", { class: "controls" }, scorerPicker()) : "", title, found, scale, picture);
  watch(["scorer"], draw);
  watch(["scorer"], () => window.history.replaceState(null, "", anchorOfScorer(state.scorer)));
  NARROW.addEventListener("change", draw);
  draw();
}

const showProbes = () => document.getElementById("probes").scrollIntoView({ block: "start" });

SECTIONS["probes-box"] = (box) => {
  const linked = linkedScorer();
  if (linked) state.scorer = linked;
  startProbes(box);
  window.addEventListener("hashchange", () => {
    const scorer = linkedScorer();
    if (!scorer) return;
    update({ scorer });
    showProbes();
  });
  if (linked) requestAnimationFrame(showProbes); // when all sections have their height
};
