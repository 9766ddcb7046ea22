// One item opened: prompt, references, what people said, what the scorers said.

const LONG_TEXT = 900;
const BROWSED = read("items") || {};
const SCORE_PLACE = new Map((BROWSED.scorers || []).map((scorer, place) => [scorer, place]));
const JUDGES = new Set(BROWSED.judges || []); // they say which of two answers is better

const anchorOf = (item) => `item-${visible(item.id)}`;
const scoreOf = (response, scorer) => response.scores?.[SCORE_PLACE.get(scorer)] ?? null;
const nameOf = (item, place) => item.responses[place]?.system ?? `response ${place + 1}`;

const goldShare = (pair) => pair.gold ?? null;
const verdictShare = (scorer) => (pair) => {
  const verdict = own(pair.verdicts, scorer);
  return verdict === null ? null : (1 + Math.sign(verdict)) / 2;
};

// In how many of its pairs each response was preferred; null where it stands in none.
function wins(item, shareOf) {
  const won = item.responses.map(() => null);
  for (const pair of item.pairs || []) {
    const share = shareOf(pair);
    if (share === null) continue;
    won[pair.a] = (won[pair.a] ?? 0) + share;
    won[pair.b] = (won[pair.b] ?? 0) + 1 - share;
  }
  return won;
}

const isMarked = (response) => typeof response.best === "boolean"; // it stands in a best-of-k group
const any = (values) => values.some((value) => value !== null);

// What people said of each response as one number: the rating, whether it is correct, or its wins.
function peopleValues(item) {
  const gold = item.responses.map((response) => response.gold ?? null);
  if (any(gold)) return gold;
  const best = item.responses.map((response) => (isMarked(response) ? Number(response.best) : null));
  return any(best) ? best : wins(item, goldShare);
}

// What a scorer said of each response as one number: its score, or, of a judge without scores, its wins.
function scorerValues(item, scorer) {
  const scores = item.responses.map((response) => scoreOf(response, scorer));
  return any(scores) || !JUDGES.has(scorer) ? scores : wins(item, verdictShare(scorer));
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

function preferredText(item, place, won, shareOf) {
  const games = item.pairs.filter((pair) => (pair.a === place || pair.b === place) && shareOf(pair) !== null).length;
  if (games > 1) return `preferred in ${number(won, won % 1 ? 1 : 0)} of ${games}`;
  return won > 0.5 ? "preferred" : won < 0.5 ? "not preferred" : "tied";
}

function peopleText(item, place, view) {
  const response = item.responses[place];
  if (Number.isFinite(response.gold)) return number(response.gold, view.goldDecimals);
  if (isMarked(response)) return response.best ? "correct" : "wrong";
  return preferredText(item, place, view.people[place], goldShare);
}

function scorerText(item, place, view) {
  const value = view.scores[place];
  if (value === null) return h("span", { class: "quiet-word" }, JUDGES.has(state.scorer) ? "no verdict" : "no score");
  if (scoreOf(item.responses[place], state.scorer) !== null) return number(value, view.scoreDecimals);
  return preferredText(item, place, value, verdictShare(state.scorer));
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
  const rows = [["Scorer", scorerText(item, place, view), placeText(view.scores[place], view.scores)]];
  if (view.marked)
    rows.unshift([
      "Gold",
      isMarked(response) ? peopleText(item, place, view) : h("span", { class: "quiet-word" }, "in no group"),
      "",
    ]);
  else if (view.people[place] !== null)
    rows.unshift(["People", peopleText(item, place, view), placeText(view.people[place], view.people)]);
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
    !view.marked && rankDumbbell(view.peopleRanks[place], view.scoreRanks[place], item.responses.length),
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
      h(
        "h4",
        null,
        `${place + 1} · `,
        h("bdi", null, nameOf(item, place)),
        response.best === true && h("span", { class: "tag rule" }, "correct"),
      ),
      responseFacts(item, place, view),
    ),
    h("div", { class: "response-text" }, textBlock(response.text, response.cut)),
  );
}

// ---- pairs

// A mark and words for what the chosen scorer says of a pair.
function agreement(margin, gold) {
  if (margin === null) return ["–", "no score"];
  if (gold === 0.5) return margin === 0 ? ["✓", "tied too"] : ["✗", "people tie, the scorer does not"];
  if (margin === 0) return ["=", "the scorer ties"];
  return margin > 0 === gold > 0.5 ? ["✓", "agrees"] : ["✗", "disagrees"];
}

// The same for a judge, in its own terms.
function verdictWords(pair) {
  if (!Object.hasOwn(pair.verdicts || {}, state.scorer)) return ["–", "the judge was not asked"];
  const margin = pair.verdicts[state.scorer];
  if (margin === null) return ["–", "the judge’s answer could not be read"];
  const [mark] = agreement(margin, pair.gold);
  return [mark, margin === 0 ? "the judge says tie" : `the judge prefers ${1 + (margin > 0 ? pair.a : pair.b)}`];
}

function pairLines(item) {
  if (!item.pairs?.length) return null;
  const judge = JUDGES.has(state.scorer);
  const lines = item.pairs.map((pair) => {
    const { a, b, gold } = pair;
    const [x, y] = [scoreOf(item.responses[a], state.scorer), scoreOf(item.responses[b], state.scorer)];
    const margin = judge || x === null || y === null ? null : x - y;
    const said = () => (judge ? verdictWords(pair) : agreement(margin, gold));
    const [mark, words] = gold === null || gold === undefined ? ["–", "no preference kept"] : said();
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
function scoreRow(label, values, selected = false) {
  const places = ranks(values);
  const count = values.filter((value) => value !== null).length;
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
    return scoreRow(scorer, inOrder(scorerValues(item, scorer)), scorer === state.scorer);
  });
  return h(
    "table",
    { class: "heatmap" },
    h("thead", null, h("tr", null, h("th", { scope: "col", class: "scorer" }, "Scorer"), heads)),
    h("tbody", null, any(people) && scoreRow(item.responses.some(isMarked) ? "Gold" : "People", inOrder(people)), rows),
  );
}

function everyScorer(item, order) {
  const scored = byRank.filter((row) => any(scorerValues(item, row.scorer)));
  const fold = h("details", { class: "every" }, h("summary", null, `Values of all ${whole(scored.length)} scorers`));
  fold.addEventListener("toggle", () => {
    if (!fold.open || fold.querySelector("table")) return;
    const name = `Scores of item ${item.id}`;
    fold.append(
      h(
        "p",
        { class: "deck" },
        "Shade is the place within the row: the stronger, the better.",
        JUDGES.size > 0 && " Of a judge without scores: in how many of its pairs it prefers the response.",
      ),
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
  const places = !view.marked && item.responses.length > 2 && any(view.people);
  const [kept, all] = [item.responses.length, item.responses_total ?? 0];
  return labelled(
    many ? `Responses, ${view.marked ? "correct ones" : "best by people"} first` : "Responses",
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
  const scores = scorerValues(item, state.scorer);
  const people = peopleValues(item);
  const view = {
    scores,
    people,
    goldSpan,
    marked: item.responses.some(isMarked),
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
