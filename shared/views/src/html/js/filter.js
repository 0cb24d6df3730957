// Rows found and sorted: by words in input and output, by status, by any column. What is chosen stands behind the URL's #, so it lasts and can be passed on.
// Only rows whose place or visibility changes are touched; rows that come in live are looked at again, many at a time.

const table = document.querySelector(".rows");
// rows come in bodies of a hundred where there are many, so that only those in sight are laid out
const bodies = [...table.tBodies];
// lists that do not live on: those that do are looked after with every change of the page
const parts = bodies.map((body) => [...body.querySelectorAll(":scope > tr")]);
const sizes = parts.map((part) => part.length);
const lines = parts.flat();
const pills = new Map(lines.map((line) => [line, line.querySelector(".pill")]));
const heads = [...table.tHead.rows[0].cells];
// about the height of a row, which stands for those that are not laid out
const HEIGHT = 48;
const [filter, words, standing, shown] = ["filter", "q", "standing", "shown"].map(byId);
const STATUSES = [...standing.options].map(({ value }) => value);
const SURE = { low: 1, medium: 2, high: 3 };
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const PAUSE_FILTER = 150;
const [AT_FIRST, PAUSE_SHOW] = [2, 50];

// what a row is searched by, made when it is first needed and again when it has changed
const texts = new Map();
let order = { column: 0, isDown: false };
let arranged = lines;
let wanted = [];
let timer = null;
let showing = null;

const statusOf = (line) => pills.get(line).dataset.status;

function textOf(line) {
  let text = texts.get(line);
  if (text === undefined) {
    const cells = [...line.querySelectorAll(":scope > td")].slice(1, -1).map((cell) => cell.textContent);
    text = [...cells, line.querySelector(".reason")?.textContent ?? ""].join("\n").toLowerCase();
    texts.set(line, text);
  }
  return text;
}

const fits = (line) => (!standing.value || statusOf(line) === standing.value) && wanted.every((word) => textOf(line).includes(word));

// what a row is sorted by: null is empty, numbers are numbers
function valueOf(line, column) {
  if (column === 0) return Number(line.cells[0].textContent);
  if (column === 1) return STATUSES.indexOf(statusOf(line));
  if (column === heads.length - 1) {
    const dot = line.cells[column].querySelector(".dot");
    return SURE[dot?.classList[1]] ?? null;
  }
  const box = line.cells[column].firstElementChild;
  if (!box || box.firstElementChild?.className === "null") return null;
  const text = box.textContent.trim();
  if (text === "") return null;
  return /^-?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(text) ? Number(text) : text;
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return collator.compare(a, b);
}

// in this order: empty ones last whatever the direction, and in input order where nothing else decides
function sorted() {
  const { column, isDown } = order;
  if (column === 0 && !isDown) return lines;
  const keyed = lines.map((line, at) => ({ line, at, value: valueOf(line, column) }));
  keyed.sort((a, b) => {
    if (a.value === null || b.value === null) return (a.value === null) - (b.value === null) || a.at - b.at;
    return (isDown ? compare(b.value, a.value) : compare(a.value, b.value)) || a.at - b.at;
  });
  return keyed.map(({ line }) => line);
}

function arrange() {
  const focus = document.activeElement;
  arranged = sorted();
  let at = 0;
  bodies.forEach((body, number) => {
    let next = body.firstElementChild;
    for (const line of arranged.slice(at, (at += sizes[number]))) {
      if (line === next) next = next.nextElementSibling;
      else body.insertBefore(line, next);
    }
  });
  if (focus !== document.activeElement && table.contains(focus)) focus.focus({ preventScroll: true });
}

// bodies without a row to show are hidden, the others take the room that theirs need; so many of the latter are left for later
function measure(most = bodies.length) {
  clearTimeout(showing);
  if (bodies.length < 2) return;
  let [at, seen] = [0, 0];
  bodies.forEach((body, number) => {
    const count = arranged.slice(at, (at += sizes[number])).filter((line) => !line.hidden).length;
    body.hidden = count === 0 || seen >= most;
    body.style.containIntrinsicBlockSize = `${count * HEIGHT}px`;
    seen += count > 0;
  });
  if (seen > most) showing = setTimeout(measure, PAUSE_SHOW);
}

// `afresh` shows the first bodies at once and the others a moment later: a browser that has drawn without them lays them out only where they are in sight
function choose(afresh) {
  let count = 0;
  for (const line of lines) {
    const isFit = fits(line);
    if (line.hidden === isFit) line.hidden = !isFit;
    count += isFit;
  }
  measure(afresh ? AT_FIRST : bodies.length);
  const all = `${lines.length.toLocaleString("en")} ${lines.length === 1 ? "row" : "rows"}`;
  say(shown, count === lines.length ? `${all}, all shown` : `${count.toLocaleString("en")} of ${all} shown`);
}

function mark() {
  heads.forEach((head, column) => {
    const isSorted = order.column === column && (column > 0 || order.isDown);
    if (isSorted) head.setAttribute("aria-sort", order.isDown ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  });
}

function remember() {
  const chosen = new URLSearchParams();
  if (words.value.trim()) chosen.set("q", words.value.trim());
  if (standing.value) chosen.set("status", standing.value);
  if (order.column || order.isDown) chosen.set("sort", `${order.column}${order.isDown ? "-" : ""}`);
  const rest = String(chosen);
  // whole, since the page's base may be another address than its own
  const address = new URL(location.href);
  address.hash = rest;
  history.replaceState(history.state, "", address);
}

function recall() {
  const chosen = new URLSearchParams(location.hash.slice(1));
  words.value = chosen.get("q") ?? "";
  const status = chosen.get("status") ?? "";
  standing.value = STATUSES.includes(status) ? status : "";
  const [, column, down] = /^(\d{1,4})(-?)$/.exec(chosen.get("sort") ?? "") ?? [];
  order = { column: Number(column) < heads.length ? Number(column) : 0, isDown: down === "-" };
  wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  mark();
  if (order.column || order.isDown) arrange();
  choose(wanted.length > 0 || standing.value !== "");
}

// a column's button sorts up, then down, then goes back to the order of the input
function sortBy(column) {
  if (order.column !== column) order = { column, isDown: false };
  else if (order.isDown) order = { column: 0, isDown: false };
  else order = { column, isDown: true };
  mark();
  arrange();
  measure();
  remember();
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    choose(true);
    remember();
  }, PAUSE_FILTER);
}

// rows that came in: they may fit now, or stand elsewhere
function reconsider(changed) {
  for (const line of changed) texts.delete(line);
  if (order.column) arrange();
  if (wanted.length || standing.value) choose(false);
  else if (order.column) measure();
}

if (lines.length) {
  heads.forEach((head, column) => {
    const button = make("button", "sort");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sortBy(column));
  });
  filter.hidden = false;
  filter.addEventListener("submit", (event) => event.preventDefault());
  filter.addEventListener("input", later);
  recall();
}
