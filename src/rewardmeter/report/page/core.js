// Data, state, elements and honest numbers: what every section uses.

const read = (name) => {
  const block = document.getElementById(`data-${name}`);
  return block ? JSON.parse(block.textContent) : null;
};

// Names come from data: one may be "constructor".
const own = (record, name) => (record && Object.hasOwn(record, name) ? record[name] : null);

const BOARD = read("board");
const STATISTICS = new Map(read("statistics").map((entry) => [entry.id, entry])); // the ranking one first
const ROWS = BOARD.board;
const SETTINGS = BOARD.settings || {};
const PRIMARY = [...STATISTICS.keys()][0] ?? null;
const CEILING = BOARD.human_ceiling || {};
const SMALL_SLICE = 30;
const NARROW = window.matchMedia("screen and (max-width: 700px)");

// ---- which values of a statistic are better: high ones unless the page says "low" or "near" an ideal

const better = (id) => STATISTICS.get(id)?.better ?? "high";
const ideal = (id) => (better(id) === "near" ? STATISTICS.get(id).ideal : null);

// Grows from worse to better.
function goodness(row, id) {
  const value = valueOf(row, id);
  if (value === null || better(id) === "high") return value;
  return better(id) === "low" ? -value : -Math.abs(value - ideal(id));
}

function bestFirst(id) {
  return { key: ":chosen", descending: better(id) !== "low" };
}

// ---- state: one chosen statistic and one chosen scorer for the whole page

const byRank = [...ROWS].sort((a, b) => (a.rank ?? Infinity) - (b.rank ?? Infinity));
const rowOf = new Map(ROWS.map((row) => [row.scorer, row]));
const state = {
  statistic: PRIMARY,
  scorer: byRank.length ? byRank[0].scorer : null,
  sort: bestFirst(PRIMARY),
  columns: [],
  text: "",
  reads: "",
  rules: true,
  recorded: true,
  zoom: false,
};
const watchers = [];
const SECTIONS = {}; // box to what fills it: each script adds its own

const watch = (keys, draw) => watchers.push({ keys, draw });

function update(patch) {
  const changed = Object.keys(patch).filter((key) => !Object.is(state[key], patch[key]));
  Object.assign(state, patch);
  for (const { keys, draw } of watchers) if (keys.some((key) => changed.includes(key))) draw();
}

// ---- text that may hold anything

const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g;

// Control characters are shown as their pictures: invisible differences are differences too.
const visible = (text) =>
  String(text)
    .replace(LONE, "\ufffd")
    .replace(CONTROL, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)));

// Long names keep their end, which is where versions differ.
function shortName(name, limit = NARROW.matches ? 34 : 46) {
  if (name.length <= limit) return name;
  const end = Math.floor(limit / 2);
  return `${name.slice(0, limit - end - 1)}…${name.slice(-end)}`;
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : visible(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(visible(child)));
  }
  return node;
}

const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const s = (tag, attributes, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

// Puts new content into a box; whoever had the focus there keeps it.
function redraw(box, ...content) {
  const active = document.activeElement;
  const key = active && box.contains(active) ? active.dataset.key : null;
  box.replaceChildren(...content.flat(Infinity).filter(Boolean));
  if (key) box.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

const say = (text) => {
  document.getElementById("said").textContent = text;
};

// ---- statistics

const labelOf = (id) => STATISTICS.get(id)?.label ?? id;

// "acc*_eq by item": what follows an underscore is a subscript.
const labelNodes = (id) =>
  labelOf(id)
    .split(/(_\w+)/)
    .map((part) => (/^_\w/.test(part) ? h("sub", null, part.slice(1)) : part));

const estimateOf = (row, id) => own(row.statistics, id);
const defined = (estimate) => Number.isFinite(estimate?.value);
const bounded = (estimate) => Number.isFinite(estimate?.low) && Number.isFinite(estimate?.high);
const valueOf = (row, id) => (defined(estimateOf(row, id)) ? estimateOf(row, id).value : null);
const halfWidth = (estimate) => (bounded(estimate) ? (estimate.high - estimate.low) / 2 : NaN);

// ---- numbers: no more digits than the interval supports, aligned on the point

const MINUS = "\u2212";
const FIGURE_SPACE = "\u2007";
const quantile = (numbers, share) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted.length ? sorted[Math.floor((sorted.length - 1) * share)] : NaN;
};

// Rounding of the Particle Data Group (Review of Particle Physics, "Rounding"): an uncertainty that begins with 100 to
// 354 keeps two digits, one that begins with 355 to 949 keeps one; the value ends where its uncertainty does.
function decimalsFor(half, otherwise = 3) {
  if (!(half > 0)) return otherwise;
  const power = Math.floor(Math.log10(half) + 1e-12);
  const leading = half / 10 ** power;
  return Math.min(4, Math.max(0, leading < 3.545 ? 1 - power : -power));
}

// A column is as fine as the better quarter of its intervals allows.
const columnDecimals = (id, rows = ROWS) =>
  decimalsFor(
    quantile(
      rows.map((row) => halfWidth(estimateOf(row, id))).filter((half) => half > 0),
      0.25,
    ),
  );

// A value whose own interval is much wider shows fewer digits than its column.
function ownDecimals(estimate, column) {
  const half = halfWidth(estimate);
  return half > 0 ? Math.min(column, decimalsFor(half / 2)) : column;
}

function number(value, decimals, pad = 0) {
  const fixed = Math.abs(value).toFixed(decimals);
  const grouped = Math.abs(value) >= 10000 ? fixed.replace(/\B(?=(\d{3})+(?!\d))/g, ",") : fixed;
  const text = Math.abs(value) < 1 && decimals > 0 ? fixed.replace(/^0/, "") : grouped;
  const sign = value < 0 && Number(fixed) !== 0 ? MINUS : "";
  const missing = Math.max(0, pad - decimals) + (decimals === 0 && pad > 0 ? 1 : 0);
  return sign + text + FIGURE_SPACE.repeat(missing);
}

const whole = (count) => Number(count).toLocaleString("en-US");
// 100 % and 0 % are said only where they are meant exactly.
const percent = (share) => {
  const decimals = [0, 1, 2, 3].find((d) => (100 * share).toFixed(d) > 0 && (100 * share).toFixed(d) < 100) ?? 0;
  return `${(100 * share).toFixed(share < 0.0995 && share > 0 ? Math.max(1, decimals) : decimals)}\u00a0%`;
};

// Coverage is never rounded up: 100 % means that nothing is missing.
const coverageText = (share) =>
  share === 1 ? "100\u00a0%" : `${(Math.floor(1000 * share + 1e-9) / 10).toFixed(1)}\u00a0%`;

// Scores come in any unit: four significant digits of the widest one.
function scoreDecimals(values) {
  const finite = values.filter(Number.isFinite);
  if (!finite.length || finite.every(Number.isInteger)) return 0;
  const top = Math.max(...finite.map(Math.abs), 1e-12);
  return Math.min(6, Math.max(0, 3 - Math.floor(Math.log10(top))));
}

// ---- scales

function niceStep(span, wanted) {
  const raw = span / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 2.5, 5, 10].map((m) => m * power).find((step) => step >= raw * 0.999);
}

function ticks(low, high, wanted) {
  if (!(high > low)) return [low];
  const step = niceStep(high - low, wanted);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, place) => (first + place) * step);
}

const tickText = (mark, decimals) => (mark === 0 ? "0" : number(mark, decimals));

const tickDecimals = (marks) => {
  const step = marks.length > 1 ? marks[1] - marks[0] : Math.abs(marks[0]) || 1;
  return [0, 1, 2, 3, 4, 5, 6].find((d) => Math.abs(step * 10 ** d - Math.round(step * 10 ** d)) < 1e-6) ?? 6;
};

function extent(values) {
  const finite = values.filter(Number.isFinite);
  if (!finite.length) return null;
  const low = finite.reduce((a, b) => Math.min(a, b));
  const high = finite.reduce((a, b) => Math.max(a, b));
  if (high > low) return [low, high];
  const room = Math.abs(low) * 0.1 || 0.5;
  return [low - room, high + room];
}

const linear =
  ([low, high], [from, to]) =>
  (value) =>
    from + ((value - low) / (high - low)) * (to - from);
