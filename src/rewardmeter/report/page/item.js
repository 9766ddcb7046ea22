// One item opened: prompt, references, what people said, what the scorers said.

const LONG_TEXT = 900;

const anchorOf = (item) => `item-${visible(item.id)}`;
const scoreOf = (response, scorer) => own(response.scores, scorer);
const nameOf = (item, place) => item.responses[place]?.system ?? `response ${place + 1}`;

// What people said of each response as one number: the rating, or in how many of its pairs it was preferred.
function peopleValues(item) {
  const gold = item.responses.map((response) => response.gold ?? null);
  if (gold.some((value) => value !== null) || !item.pairs?.length) return gold;
  const wins = item.responses.map(() => null);
  for (const { a, b, gold: share } of item.pairs) {
    if (share === null || share === undefined) continue;
    wins[a] = (wins[a] ?? 0) + share;
    wins[b] = (wins[b] ?? 0) + 1 - share;
  }
  return wins;
}

// Best is 1; equal values share the mean of their places.
function ranks(values) {
  return values.map((value) => {
    if (value === null) return null;
    const above = values.filter((other) => other !== null && other > value).length;
    const equal = values.filter((other) => other === value).length;
    return above + (equal + 1) / 2;
  });
}

// "place 3 of 15", or "places 1–13 of 15" for a tie.
function placeText(value, values) {
  const known = values.filter((other) => other !== null);
  if (value === null || known.length < 3) return "";
  const first = 1 + known.filter((other) => other > value).length;
  const last = first - 1 + known.filter((other) => other === value).length;
  return first === last ? `place ${first} of ${known.length}` : `places ${first}–${last} of ${known.length}`;
}

function preferredText(item, place, wins) {
  const games = item.pairs.filter(
    (pair) => (pair.a === place || pair.b === place) && Number.isFinite(pair.gold),
  ).length;
  if (games > 1) return `preferred in ${number(wins, wins % 1 ? 1 : 0)} of ${games}`;
  return wins > 0.5 ? "preferred" : wins < 0.5 ? "not preferred" : "tied";
}

// ---- texts

function textBlock(text, cut = null) {
  if (text === null || text === undefined) return h("p", { class: "quiet-word" }, "text not kept");
  if (text === "") return h("p", { class: "quiet-word" }, "empty text");
  const block = h("div", { class: "text", dir: "auto" }, text);
  const note =
    cut && cut > text.length
      ? h("p", { class: "cut" }, `Cut here: ${whole(text.length)} of ${whole(cut)} characters are kept in this page.`)
      : null;
  if (text.length < LONG_TEXT && text.split("\n").length < 14) return [block, note];
  block.classList.add("folded");
  const more = h(
    "button",
    {
      type: "button",
      class: "quiet",
      "aria-expanded": "false",
      onclick: () => {
        const folded = block.classList.toggle("folded");
        more.textContent = folded ? "Show all" : "Show less";
        more.setAttribute("aria-expanded", String(!folded));
      },
    },
    "Show all",
  );
  return [block, more, note];
}

const labelled = (label, ...content) => h("div", { class: "labelled" }, h("h4", null, label), content);

function promptBlock(item) {
  if (item.prompt === null || item.prompt === undefined) return null;
  if (typeof item.prompt === "string") return labelled("Prompt", textBlock(item.prompt, item.prompt_cut));
  return item.prompt.map((message) => labelled(`Prompt, ${message.role}`, textBlock(message.content, message.cut)));
}

function referenceBlocks(item) {
  const references = item.references || [];
  return references.map((text, place) =>
    labelled(
      references.length > 1 ? `Reference ${place + 1}` : "Reference",
      textBlock(text, item.references_cut?.[place]),
    ),
  );
}

// ---- one response

// Hollow: where people rank it; filled: where the scorer does; right is better.
function rankDumbbell(people, scorer, count) {
  if (people === null || scorer === null || count < 3) return null;
  const scale = linear([count, 1], [6, 94]);
  return s(
    "svg",
    { class: "dumbbell", role: "img", "aria-label": `people rank it ${people}, the scorer ${scorer}, of ${count}` },
    s("line", { class: "grid", x1: "6%", x2: "94%", y1: "50%", y2: "50%" }),
    s("line", { class: "gap", x1: at(scale(people)), x2: at(scale(scorer)), y1: "50%", y2: "50%" }),
    s("circle", { class: "dot selected", cx: at(scale(scorer)), cy: "50%", r: 4.2 }),
    s("circle", { class: "dot people", cx: at(scale(people)), cy: "50%", r: 4.8 }),
  );
}

function raterStrip(response, span) {
  const ratings = (response.ratings || []).filter(Number.isFinite);
  if (ratings.length < 2 || !span) return null;
  const scale = linear(span, [4, 96]);
  const [low, high] = [Math.min(...ratings), Math.max(...ratings)];
  return s(
    "svg",
    { class: "dumbbell", role: "img", "aria-label": `ratings from ${low} to ${high}` },
    s("line", { class: "grid", x1: "4%", x2: "96%", y1: "50%", y2: "50%" }),
    s("line", { class: "whisker", x1: at(scale(low)), x2: at(scale(high)), y1: "50%", y2: "50%" }),
    ratings.map((rating) =>
      s("line", { class: "rating", x1: at(scale(rating)), x2: at(scale(rating)), y1: "20%", y2: "80%" }),
    ),
  );
}

function responseFacts(item, place, view) {
  const response = item.responses[place];
  const ratings = (response.ratings || []).filter(Number.isFinite);
  const score = view.scores[place];
  const rows = [];
  if (view.people[place] !== null) {
    const rated = Number.isFinite(response.gold);
    const what = rated ? number(response.gold, view.goldDecimals) : preferredText(item, place, view.people[place]);
    rows.push(["People", what, placeText(view.people[place], view.people)]);
  }
  rows.push([
    "Scorer",
    score === null ? h("span", { class: "quiet-word" }, "no score") : number(score, view.scoreDecimals),
    placeText(score, view.scores),
  ]);
  return [
    h(
      "table",
      { class: "facts-table" },
      h(
        "tbody",
        null,
        rows.map(([name, value, rank]) =>
          h("tr", null, h("th", { scope: "row" }, name), h("td", { class: "num" }, value), h("td", null, rank)),
        ),
      ),
    ),
    rankDumbbell(view.peopleRanks[place], view.scoreRanks[place], item.responses.length),
    ratings.length > 1 &&
      h(
        "p",
        { class: "raters" },
        `${ratings.length} raters: ${ratings.map((rating) => number(rating, scoreDecimals(ratings) && 2)).join(", ")}`,
      ),
    raterStrip(response, view.goldSpan),
  ];
}

function responseCard(item, place, view) {
  const response = item.responses[place];
  return h(
    "li",
    { class: "response" },
    h(
      "div",
      { class: "response-facts" },
      h("h4", null, `${place + 1} · `, h("bdi", null, nameOf(item, place))),
      responseFacts(item, place, view),
    ),
    h("div", { class: "response-text" }, textBlock(response.text, response.cut)),
  );
}

// ---- pairs

function verdict(margin, gold) {
  if (margin === null) return ["–", "no score"];
  if (gold === 0.5) return margin === 0 ? ["✓", "tied too"] : ["✗", "people tie, the scorer does not"];
  if (margin === 0) return ["=", "the scorer ties"];
  return margin > 0 === gold > 0.5 ? ["✓", "agrees"] : ["✗", "disagrees"];
}

function pairLines(item) {
  if (!item.pairs?.length) return null;
  const lines = item.pairs.map(({ a, b, gold }) => {
    const [x, y] = [scoreOf(item.responses[a], state.scorer), scoreOf(item.responses[b], state.scorer)];
    const margin = x === null || y === null ? null : x - y;
    const [mark, words] = gold === null || gold === undefined ? ["–", "no preference kept"] : verdict(margin, gold);
    const [first, second] = [a, b].map((place) => `${place + 1}`);
    const people =
      gold === 0.5
        ? `People tie ${first} and ${second}`
        : `People prefer ${gold > 0.5 ? first : second} to ${gold > 0.5 ? second : first}`;
    const share =
      gold !== 0 && gold !== 1 && gold !== 0.5 && Number.isFinite(gold)
        ? ` (${percent(Math.max(gold, 1 - gold))})`
        : "";
    return h(
      "li",
      null,
      h("span", { class: "verdict", "aria-hidden": "true" }, mark),
      `${people}${share}: ${words}`,
      margin !== null &&
        h(
          "span",
          { class: "quiet-word" },
          ` margin of ${first} over ${second}: ${number(margin, scoreDecimals([margin]))}`,
        ),
    );
  });
  return labelled("Preferences", h("ul", { class: "verdicts" }, lines));
}

// ---- every scorer

// Shade says the place within the row, so that rows of different units can be compared.
function scoreRow(label, values, count, selected = false) {
  const places = ranks(values);
  const decimals = scoreDecimals(values);
  return h(
    "tr",
    { class: selected ? "selected" : null },
    h("th", { scope: "row", class: "scorer" }, h("bdi", { title: label }, shortName(label, 34))),
    values.map((value, i) => {
      if (value === null) return h("td", { class: "cell void" }, "–");
      const shade = count < 2 ? 0 : Math.round(((count - places[i]) / (count - 1)) * (STEPS - 1));
      return h("td", { class: `cell heat q${shade}` }, number(value, decimals));
    }),
  );
}

function scoreTable(item, scored, order) {
  const inOrder = (values) => order.map((place) => values[place]);
  const people = peopleValues(item);
  const heads = order.map((i) =>
    h("th", { scope: "col" }, h("div", { class: "turned" }, h("bdi", null, nameOf(item, i))), h("small", null, i + 1)),
  );
  const rows = scored.map(({ scorer }) => {
    const values = item.responses.map((response) => scoreOf(response, scorer));
    return scoreRow(scorer, inOrder(values), order.length, scorer === state.scorer);
  });
  return h(
    "table",
    { class: "heatmap" },
    h("thead", null, h("tr", null, h("th", { scope: "col", class: "scorer" }, "Scorer"), heads)),
    h("tbody", null, people.some((value) => value !== null) && scoreRow("People", inOrder(people), order.length), rows),
  );
}

function everyScorer(item, order) {
  const scored = byRank.filter((row) => item.responses.some((response) => scoreOf(response, row.scorer) !== null));
  const fold = h("details", { class: "every" }, h("summary", null, `Values of all ${whole(scored.length)} scorers`));
  fold.addEventListener("toggle", () => {
    if (!fold.open || fold.querySelector("table")) return;
    const name = `Scores of item ${item.id}`;
    fold.append(
      h("p", { class: "deck" }, "Shade is the place within the row: the stronger, the better."),
      h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": name }, scoreTable(item, scored, order)),
    );
  });
  return fold;
}

// ---- the item

function itemLine(item) {
  const tags = Object.entries(item.columns || {}).map(([name, value]) =>
    h("span", { class: "tag" }, `${name}: ${value}`),
  );
  const link = h("a", { href: `#${encodeURIComponent(anchorOf(item))}` }, "Link to this item");
  return h("p", { class: "item-line" }, tags, link);
}

function placeKey() {
  const dot = (kind) =>
    s(
      "svg",
      { width: 14, height: 14, "aria-hidden": "true" },
      s("circle", { class: `dot ${kind}`, cx: 7, cy: 7, r: 4.5 }),
    );
  return h(
    "p",
    { class: "legend" },
    h("span", { class: "key" }, dot("people"), "place by people"),
    h("span", { class: "key" }, dot("selected"), `place by ${state.scorer}, right is better`),
  );
}

function responseList(item, order, view) {
  const many = item.responses.length > 3;
  const places = item.responses.length > 2 && view.people.some((value) => value !== null);
  const [kept, all] = [item.responses.length, item.responses_total ?? 0];
  return labelled(
    many ? "Responses, best by people first" : "Responses",
    places && placeKey(),
    h(
      "ol",
      { class: `responses ${many ? "many" : "few"}` },
      order.map((place) => responseCard(item, place, view)),
    ),
    all > kept && h("p", { class: "cut" }, `${whole(kept)} of ${whole(all)} responses are kept in this page.`),
  );
}

function itemBody(item, goldSpan) {
  const scores = item.responses.map((response) => scoreOf(response, state.scorer));
  const people = peopleValues(item);
  const view = {
    scores,
    people,
    goldSpan,
    scoreRanks: ranks(scores),
    peopleRanks: ranks(people),
    scoreDecimals: scoreDecimals(scores),
    goldDecimals: people.every((value) => value === null || Number.isInteger(value)) ? 0 : 2,
  };
  const order = item.responses.map((_, i) => i);
  if (order.length > 3) order.sort((a, b) => (people[b] ?? -Infinity) - (people[a] ?? -Infinity) || a - b);
  return [
    itemLine(item),
    promptBlock(item),
    referenceBlocks(item),
    pairLines(item),
    responseList(item, order, view),
    everyScorer(item, order),
  ];
}
