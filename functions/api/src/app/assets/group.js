// The form for a group: its rows, their preview, and what is asked of each.

import { start as estimate } from "./estimate.js";
import { outputOf } from "./output.js";
import { byId, chosen, make, reveal } from "./parts.js";
import { rowsIn } from "./rows.js";
import { start } from "./send.js";
import { common, inputSchema } from "./settings.js";

// of a body that the service takes; what is larger comes by URL
const MOST_BYTES = 4_000_000;
const SHOWN_ROWS = 5;
const SHOWN_COLUMNS = 8;
const form = byId("group");
let read = { text: null, rows: [], fault: null };

function rows() {
  const text = byId("rows").value;
  if (read.text !== text) {
    read = { text, rows: [], fault: null };
    try {
      if (text.length > MOST_BYTES) throw new Error("This is more than 4 MB: put the list somewhere and give its URL.");
      read.rows = rowsIn(text);
    } catch (error) {
      read.fault = error.message;
    }
  }
  return read;
}

const cell = (value) => (typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? ""));
const isObject = (row) => typeof row === "object" && row !== null && !Array.isArray(row);

function preview() {
  const { rows: all, fault } = rows();
  const isHere = chosen(form, "from") === "here";
  const box = byId("preview").parentElement;
  box.hidden = !isHere || all.length === 0;
  byId("read").textContent = fault ?? "";
  if (box.hidden) return;
  const first = all.slice(0, SHOWN_ROWS);
  const names = [...new Set(first.filter(isObject).flatMap(Object.keys))];
  const columns = names.length ? names.slice(0, SHOWN_COLUMNS) : ["text"];
  const head = make("tr");
  for (const name of columns) {
    const title = make("th", "", name);
    title.scope = "col";
    head.append(title);
  }
  const lines = first.map((row) => {
    const line = make("tr");
    for (const name of columns) line.append(make("td", "", cell(isObject(row) ? row[name] : row).slice(0, 200)));
    return line;
  });
  const count = `${all.length.toLocaleString("en")} ${all.length === 1 ? "row" : "rows"}`;
  const wide = names.length === 0 ? "texts" : `${names.length} ${names.length === 1 ? "column" : "columns"}`;
  byId("read").textContent = `${count}, ${wide}${all.length > SHOWN_ROWS ? `; the first ${SHOWN_ROWS} are shown` : ""}`;
  const top = make("thead");
  const body = make("tbody");
  top.append(head);
  body.append(...lines);
  byId("preview").replaceChildren(top, body);
}

function body() {
  const { type, schema, description, faults } = outputOf(form);
  const { schema: input_schema, faults: ofInput } = inputSchema();
  const { body: others, faults: ofOthers } = common(form);
  const found = [...faults, ...ofInput, ...ofOthers];
  let inputs;
  if (chosen(form, "from") === "url") {
    inputs = byId("url").value.trim();
    if (!/^https?:\/\//.test(inputs)) found.push({ pointer: "/inputs", message: "Give a URL that begins with https://." });
  } else {
    const { rows: all, fault } = rows();
    inputs = all;
    if (fault) found.push({ pointer: "/inputs", message: fault });
  }
  const output = { output_type: type, output_schema: schema, output_description: description };
  return { body: { inputs, ...output, input_schema, ...others }, faults: found };
}

// what is needed to reckon: the number of rows does for the rows
function reckoned({ inputs, metadata, webhook_url: webhook, mcp_servers: servers, input_schema: schema, ...rest }) {
  return Array.isArray(inputs) ? { ...rest, rows: inputs.length } : { ...rest, inputs };
}

async function take(file) {
  if (!file) return;
  if (file.size > MOST_BYTES) return (byId("read").textContent = "This file is larger than 4 MB: put it somewhere and give its URL.");
  byId("rows").value = await file.text();
  byId("rows").dispatchEvent(new Event("input", { bubbles: true }));
}

function drops() {
  const place = byId("drop");
  for (const name of ["dragover", "dragleave", "drop"]) {
    place.addEventListener(name, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      place.classList.toggle("over", name === "dragover");
      if (name === "drop") take(event.dataTransfer.files[0]);
    });
  }
  byId("file").addEventListener("change", (event) => take(event.target.files[0]));
}

for (const choice of form.querySelectorAll('input[name="from"]')) {
  choice.addEventListener("change", () => {
    reveal(form, "from", chosen(form, "from"));
    preview();
  });
}
byId("rows").addEventListener("input", preview);
drops();
preview();
start(form, "v1beta/tasks/groups", body);
estimate(form, body, reckoned);
