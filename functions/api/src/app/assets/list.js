// The list: a page of it at a time, asked for again while the page is looked at. A row that has not changed is left alone, with its focus.
//
// One request looks through a part of what there is; where that part has too little that fits, the next is asked for, until the page is full, the
// list ends, or it is stopped.

import { ask, file } from "./ask.js";
import { filled, given, isFiltered, queryOf, start as startFilters } from "./filters.js";
import { onKey } from "./key.js";
import { byId, make } from "./parts.js";

const PAUSE = 4000;
const SHOWN = 25;
const [told, units, empty, newer, older, stop, refresh] = ["told", "units", "empty", "newer", "older", "stop", "refresh"].map(byId);
// the cursor of the page that is shown, behind those of the pages before it
let cursors = [null];
let next = null;
let running = null;
let timer = null;
// whether the page waits to be asked for by hand
let isIdle = false;
const drawn = new Map();

const capital = (word) => (word[0].toUpperCase() + word.slice(1)).replaceAll("_", " ");
const isOver = (word) => !["pending", "running"].includes(word);

const short = (text) => (text.length > 60 ? `${text.slice(0, 60)}\u2026` : text);
const entries = (metadata) => Object.entries(metadata ?? {}).slice(0, 3).map(([name, value]) => `${name}: ${short(String(value))}`).join(", ");
const title = ({ kind, runs }) => (kind === "task" ? "Task" : runs === 1 ? "Group of 1 row" : `Group of ${runs} rows`);

function button(label, id, run) {
  const node = make("button", "quiet", label);
  node.type = "button";
  node.setAttribute("aria-label", `${label} ${id.slice(0, 8)}`);
  node.addEventListener("click", run);
  return node;
}

async function change(method, path, id, done) {
  const answer = await ask(method, path);
  told.textContent = answer.ok ? `${done} ${id.slice(0, 8)}.` : answer.body.detail ?? `The service answered ${answer.status}.`;
  load({ quiet: true });
}

function actions(unit) {
  const cell = make("td", "actions");
  const { id } = unit;
  if (!isOver(unit.status)) cell.append(button("Cancel", id, () => change("POST", `${id}/cancel`, id, "Cancelled")));
  if (["partial", "failed", "cancelled", "timed_out"].includes(unit.status)) {
    cell.append(button("Retry", id, () => change("POST", `${id}/retry`, id, "Trying again")));
  }
  const remove = () => confirm("Delete it with all its results? Its URL will answer no more.") && change("DELETE", id, id, "Deleted");
  cell.append(button("Delete", id, remove));
  return cell;
}

// what only its key opens is no link: it is fetched with the key, as a file
function locked(unit) {
  const box = make("div", "locked");
  box.append(make("span", "", `${title(unit)}, only with your key: `));
  for (const format of ["json", "md", "csv"]) box.append(button(format.toUpperCase(), unit.id, () => save(unit, format)), " ");
  return box;
}

async function save(unit, format) {
  told.textContent = "Fetching\u2026";
  const { blob, detail } = await file(`${unit.id}.${format}`);
  told.textContent = detail ?? "It is saved as a file.";
  if (!blob) return;
  const link = make("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${unit.id}.${format}`;
  link.click();
  URL.revokeObjectURL(link.href);
}

function row(unit) {
  const line = make("tr");
  const what = make("td");
  const link = make("a", "", title(unit));
  link.href = unit.url;
  const isLocked = unit.visibility === "key" && document.body.dataset.credential;
  what.append(isLocked ? locked(unit) : link, make("div", "preview-line", unit.inputPreview ?? ""), make("div", "id", unit.id));
  if (entries(unit.metadata)) what.append(make("div", "null", entries(unit.metadata)));
  const state = make("td");
  const pill = make("span", "pill", capital(unit.status));
  pill.dataset.status = unit.status;
  state.append(pill);
  const progress = make("td");
  const bar = make("progress", unit.status === "completed" ? "completed" : "");
  bar.max = 100;
  bar.value = unit.progress;
  bar.setAttribute("aria-label", `Progress of ${unit.id.slice(0, 8)}`);
  progress.append(bar);
  const created = make("td");
  const time = make("time", "", new Date(unit.createdAt).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" }));
  time.dateTime = unit.createdAt;
  created.append(time);
  line.append(what, state, progress, make("td", "", unit.processor ?? ""), created, actions(unit));
  line.setAttribute("role", "row");
  for (const cell of line.children) cell.setAttribute("role", "cell");
  return line;
}

function draw(page) {
  const lines = page.map((unit) => {
    const mark = JSON.stringify(unit);
    if (drawn.get(unit.id)?.mark !== mark) drawn.set(unit.id, { mark, line: row(unit) });
    return drawn.get(unit.id).line;
  });
  const isSame = lines.length === units.children.length && lines.every((line, at) => line === units.children[at]);
  if (!isSame) units.replaceChildren(...lines);
  for (const id of [...drawn.keys()]) if (!page.some((unit) => unit.id === id)) drawn.delete(id);
}

function tellEmpty(isEmpty) {
  empty.hidden = !isEmpty;
  if (!isEmpty) return;
  const link = make("a", "", "Start with a task");
  link.href = "./";
  link.hidden = isFiltered();
  const fits = next ? "Nothing fits so far; there may be more under Older." : "Nothing fits. Search for less, or take a filter away.";
  empty.replaceChildren(make("p", "", isFiltered() ? fits : "There is nothing yet."), link);
}

// one part of the list behind `cursor`; throws what is to be told if it cannot be had
async function part(limit, cursor, signal) {
  const query = queryOf({ limit, cursor });
  const answer = await ask("GET", `api/tasks?${query}`, { signal });
  if (!answer.ok) throw new Error(answer.body.detail ?? `The service answered ${answer.status}.`);
  return answer.body;
}

// fills a page, part after part, and shows what is there as it comes; gives the number of parts
async function fill(signal, isQuiet) {
  const page = [];
  let parts = 0;
  let cursor = cursors.at(-1);
  do {
    const { tasks, next_cursor: behind } = await part(SHOWN - page.length, cursor, signal);
    page.push(...tasks);
    parts += 1;
    cursor = next = behind;
    if (cursor && page.length < SHOWN) {
      if (!isQuiet) draw(page);
      empty.hidden = true;
      stop.hidden = false;
      told.textContent = `Looking further: ${parts} ${parts === 1 ? "part" : "parts"} of the list so far, ${page.length} found\u2026`;
    }
  } while (cursor && page.length < SHOWN);
  draw(page);
  tellEmpty(page.length === 0);
  const shown = page.length === 1 ? "1 is shown." : `${page.length} are shown.`;
  if (!isQuiet || parts > 1) told.textContent = shown;
  return parts;
}

// asks for the page; a quiet one changes nothing that is read aloud
async function load({ quiet = false } = {}) {
  clearTimeout(timer);
  running?.abort();
  const mine = new AbortController();
  running = mine;
  if (!quiet) told.textContent = "Loading\u2026";
  let isWell = true;
  try {
    // a page for which much was looked through is not looked for again and again
    isIdle = (await fill(mine.signal, quiet)) > 1;
  } catch (error) {
    if (mine !== running) return;
    isIdle = error.name === "AbortError";
    isWell = isIdle;
    told.textContent = isIdle ? `Stopped; ${units.children.length} found so far. Older goes on from there.` : error.message;
  }
  if (mine !== running) return;
  stop.hidden = true;
  told.classList.toggle("wrong", !isWell);
  newer.disabled = cursors.length === 1;
  older.disabled = !next;
  if (!document.hidden && !isIdle) timer = setTimeout(() => load({ quiet: isWell }), PAUSE);
}

function again() {
  cursors = [null];
  history.replaceState(null, "", `?${filled()}`);
  load();
}

startFilters(again);
older.addEventListener("click", () => {
  cursors.push(next);
  load();
});
newer.addEventListener("click", () => {
  cursors.pop();
  load();
});
stop.addEventListener("click", () => running?.abort());
refresh.addEventListener("click", () => load());
// a click on a row goes where its link goes, unless it means something else
units.addEventListener("click", (event) => {
  if (event.target.closest("a, button") || String(getSelection())) return;
  event.target.closest("tr")?.querySelector("a")?.click();
});
onKey(again);
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden && !isIdle) load({ quiet: true });
});
given();
load();
