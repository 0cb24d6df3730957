// The list: a page of it at a time, asked for again while the page is looked at. A row that has not changed is left alone, with its focus.

import { ask } from "./ask.js";
import { onKey } from "./key.js";
import { byId, make } from "./parts.js";

const PAUSE = 4000;
const SHOWN = 25;
const [q, status, told, units, empty, newer, older] = ["q", "status", "told", "units", "empty", "newer", "older"].map(byId);
// the cursor of the page that is shown, behind those of the pages before it
let cursors = [null];
let next = null;
let running = null;
let timer = null;
const drawn = new Map();

const capital = (word) => (word[0].toUpperCase() + word.slice(1)).replaceAll("_", " ");
const isOver = (word) => !["pending", "running"].includes(word);

const entries = (metadata) => Object.entries(metadata ?? {}).slice(0, 3).map(([name, value]) => `${name}: ${value}`).join(", ");
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

function row(unit) {
  const line = make("tr");
  const what = make("td");
  const link = make("a", "", title(unit));
  link.href = unit.url;
  what.append(link, make("div", "preview-line", unit.inputPreview ?? ""), make("div", "id", unit.id));
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
  const isFiltered = q.value.trim() || status.value;
  empty.hidden = page.length > 0;
  if (!empty.hidden) {
    const link = make("a", "", "Start with a task");
    link.href = "./";
    // a page of the list may be empty and have older ones behind it
    const fits = next ? "Nothing fits so far; there may be more under Older." : "Nothing fits. Search for less, or for another status.";
    empty.replaceChildren(make("p", "", isFiltered ? fits : "There is nothing yet."), link);
    link.hidden = Boolean(isFiltered);
  }
}

// asks for the page; a quiet one changes nothing that is read aloud
async function load({ quiet = false } = {}) {
  clearTimeout(timer);
  running?.abort();
  running = new AbortController();
  if (!quiet) told.textContent = "Loading\u2026";
  const query = new URLSearchParams({ limit: SHOWN });
  if (q.value.trim()) query.set("q", q.value.trim());
  if (status.value) query.set("status", status.value);
  if (cursors.at(-1)) query.set("cursor", cursors.at(-1));
  let answer;
  try {
    answer = await ask("GET", `api/tasks?${query}`, { signal: running.signal });
  } catch {
    return;
  }
  if (answer.ok) {
    next = answer.body.next_cursor;
    const page = answer.body.tasks;
    draw(page);
    if (!quiet) told.textContent = page.length === 1 ? "1 is shown." : `${page.length} are shown.`;
    told.classList.remove("wrong");
  } else {
    told.textContent = answer.body.detail ?? `The service answered ${answer.status}.`;
    told.classList.add("wrong");
  }
  newer.disabled = cursors.length === 1;
  older.disabled = !next;
  if (!document.hidden) timer = setTimeout(() => load({ quiet: answer.ok }), PAUSE);
}

function again() {
  cursors = [null];
  const query = new URLSearchParams({ show: "list" });
  if (q.value.trim()) query.set("q", q.value.trim());
  if (status.value) query.set("status", status.value);
  history.replaceState(null, "", `?${query}`);
  load();
}

let typing;
const asked = new URLSearchParams(location.search);
q.value = asked.get("q") ?? "";
status.value = asked.get("status") ?? "";
q.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(again, 300);
});
status.addEventListener("change", again);
byId("filters").addEventListener("submit", (event) => {
  event.preventDefault();
  again();
});
older.addEventListener("click", () => {
  cursors.push(next);
  load();
});
newer.addEventListener("click", () => {
  cursors.pop();
  load();
});
onKey(again);
document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : load({ quiet: true })));
load();
