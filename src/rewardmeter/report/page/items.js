// The items to browse: where the chosen scorer and people are furthest apart first.

const ITEMS = BROWSED.shown || [];
const LOOKED_AT = BROWSED.looked_at ?? ITEMS.length;
const PAGE = 20;

const disagreement = (item) => own(item.disagreement, state.scorer);

function itemText(item) {
  const prompt =
    typeof item.prompt === "string" ? item.prompt : (item.prompt || []).map((message) => message.content).join("\n");
  return [item.id, prompt, ...(item.references || []), ...item.responses.map((response) => response.text || "")]
    .join("\n")
    .toLocaleLowerCase();
}

function firstWords(item) {
  const prompt = typeof item.prompt === "string" ? item.prompt : item.prompt?.at(-1)?.content;
  const text = (prompt || item.responses[0]?.text || "").trim();
  return text.length > 220 ? `${text.slice(0, 220)}…` : text;
}

function itemColumns() {
  const names = [...new Set(ITEMS.flatMap((item) => Object.keys(item.columns || {})))];
  const values = (name) =>
    [...new Set(ITEMS.map((item) => String(own(item.columns, name) ?? "")))].filter(Boolean).sort();
  return names.map((name) => [name, values(name)]).filter(([, all]) => all.length > 1 && all.length <= 300);
}

function itemCard(item, goldSpan, most) {
  const apart = disagreement(item);
  const share = apart === null || !(most > 0) ? 0 : Math.max(0, apart / most);
  const bar = s(
    "svg",
    { class: "bar-strip", "aria-hidden": "true" },
    s("rect", { class: "bar-ground", width: "100%", height: "100%", rx: 2 }),
    s("rect", { class: "bar-fill", width: at(100 * share), height: "100%", rx: 2 }),
  );
  const card = h(
    "details",
    { class: "item", id: anchorOf(item) },
    h(
      "summary",
      null,
      h("span", { class: "item-id" }, h("bdi", null, item.id)),
      h("span", { class: "item-words", dir: "auto" }, firstWords(item) || "no text kept"),
      h(
        "span",
        { class: "item-apart" },
        apart === null ? undefinedWord() : [bar, h("span", { class: "num" }, number(apart, 2))],
      ),
    ),
  );
  card.addEventListener("toggle", () => {
    if (card.open && !card.querySelector(".item-body"))
      card.append(h("div", { class: "item-body" }, itemBody(item, goldSpan)));
  });
  return card;
}

// ---- the list

const query = { text: "", columns: new Map(), shown: PAGE };
const opened = new Set();
const texts = new Map();

function contains(item) {
  if (!query.text) return true;
  if (!texts.has(item)) texts.set(item, itemText(item));
  return texts.get(item).includes(query.text);
}

const fits = (item) =>
  contains(item) && [...query.columns].every(([name, value]) => !value || String(own(item.columns, name)) === value);

const foundItems = () =>
  ITEMS.filter(fits).sort((a, b) => (disagreement(b) ?? -Infinity) - (disagreement(a) ?? -Infinity) || 0);

function itemList(found, again) {
  const goldSpan = extent(
    ITEMS.flatMap((item) => item.responses.flatMap(({ gold, ratings }) => [gold, ...(ratings || [])])),
  );
  const most = Math.max(0, ...ITEMS.map((item) => disagreement(item) ?? 0));
  const cards = found.slice(0, query.shown).map((item) => {
    const card = itemCard(item, goldSpan, most);
    card.addEventListener("toggle", () => (card.open ? opened.add(item) : opened.delete(item)));
    card.open = opened.has(item);
    return card;
  });
  const showMore = () => {
    query.shown += PAGE;
    again();
  };
  const rest = found.length - query.shown;
  return [
    h(
      "p",
      { class: "item-heads", "aria-hidden": "true" },
      h("span", null, "Item"),
      h("span", null, "Begins"),
      h("span", null, "Disagreement"),
    ),
    cards,
    rest > 0 && quietButton(`Show ${Math.min(PAGE, rest)} more`, showMore, "more-items"),
  ];
}

function itemControls(again) {
  const filter = (change) => {
    change();
    query.shown = PAGE;
    again();
  };
  const find = (event) => filter(() => (query.text = event.target.value.trim().toLocaleLowerCase()));
  const search = h("input", { type: "search", placeholder: "text or id contains", "data-filter": true, oninput: find });
  const columns = itemColumns().map(([name, values]) => {
    const options = [["", "all"], ...values.map((value) => [value, value])];
    const node = select(options, "", (value) => filter(() => query.columns.set(name, value)), `item-${name}`);
    node.dataset.filter = "";
    return field(name, node);
  });
  return h("div", { class: "controls" }, scorerPicker(), ITEMS.length > 5 && field("Find", search), columns);
}

// The item that the address names, if it is one.
function linkedItem() {
  try {
    const wanted = decodeURIComponent(window.location.hash.slice(1));
    return ITEMS.find((item) => anchorOf(item) === wanted) ?? null;
  } catch {
    return null;
  }
}

function startItems(box) {
  const list = h("div", { class: "items" });
  const count = h("p", { class: "count", role: "status" });
  const draw = () => {
    const found = foundItems();
    const all = found.length === ITEMS.length;
    const beyond = LOOKED_AT > ITEMS.length ? `, of ${whole(LOOKED_AT)} looked at` : "";
    count.textContent = all
      ? `${whole(ITEMS.length)} item${ITEMS.length === 1 ? "" : "s"} in this page${beyond}`
      : `${whole(found.length)} of ${whole(ITEMS.length)} items`;
    redraw(list, found.length ? itemList(found, draw) : emptyNote("No item fits these filters."));
  };
  const controls = itemControls(draw);

  // A link to an item opens it, wherever it stands in the list and whatever the filters hide.
  const follow = () => {
    const item = linkedItem();
    if (!item) return;
    if (!fits(item)) {
      query.text = "";
      query.columns.clear();
      for (const control of controls.querySelectorAll("[data-filter]")) control.value = "";
    }
    opened.add(item);
    query.shown = Math.max(query.shown, foundItems().indexOf(item) + 1);
    draw();
    const card = document.getElementById(anchorOf(item));
    card.scrollIntoView({ block: "start" });
    card.querySelector("summary").focus({ preventScroll: true });
  };

  box.append(controls, count, list);
  watch(["scorer"], draw);
  window.addEventListener("hashchange", follow);
  draw();
  follow();
}

SECTIONS["items-box"] = startItems;
