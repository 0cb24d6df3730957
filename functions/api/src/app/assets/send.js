// What both forms do: read what they have in common, keep the command up to date, send, and go to what was made or show what is wrong.
// A request that is sent again, unchanged, is the same request: it carries the same Idempotency-Key, so nothing is bought twice.

import { ask } from "./ask.js";
import * as chips from "./chips.js";
import * as curl from "./curl.js";
import { clear, show } from "./faults.js";
import { isMissing } from "./key.js";
import { start as startOutput } from "./output.js";
import { byId, rowsOf, segment } from "./parts.js";

function entries() {
  const metadata = {};
  for (const { row, values } of rowsOf("metadata")) {
    row.dataset.part = `metadata/${segment(values.name)}`;
    metadata[values.name] = values.value;
  }
  return Object.keys(metadata).length ? metadata : undefined;
}

function servers() {
  const servers = rowsOf("server").map(({ row, values: { name, url, authorization } }, at) => {
    row.dataset.part = `mcp_servers/${at}`;
    return { type: "url", name, url, ...(authorization && { headers: { Authorization: authorization } }) };
  });
  return servers.length ? servers : undefined;
}

// the fields that stand in both forms, by their names on the wire; those without a value are not sent
export function common() {
  return {
    processor: byId("processor").value || undefined,
    source_policy: chips.sourcesOf(),
    mcp_servers: servers(),
    metadata: entries(),
    webhook_url: byId("webhook").value.trim() || undefined,
    previous_interaction_id: byId("interaction")?.value.trim() || undefined,
  };
}

const random = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// the same with a name in the place of what may be a secret, for the command
function shown(body) {
  const { mcp_servers: servers, ...others } = body;
  if (!servers) return body;
  const hidden = servers.map((server) => (server.headers ? { ...server, headers: { Authorization: "YOUR_AUTHORIZATION" } } : server));
  return { ...others, mcp_servers: hidden };
}

// `read` gives the body and what is wrong with it as far as it can be seen from here
export function start(form, path, read) {
  startOutput(form);
  chips.start();
  curl.start();
  const draw = () => curl.draw(path, shown(read().body));
  form.addEventListener("input", draw);
  form.addEventListener("change", draw);
  draw();

  let sent = { text: "", key: "" };
  const state = byId("state");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    clear(form);
    const { body, faults } = read();
    if (faults.length) return show(form, "Something is to be mended first.", faults);
    if (isMissing()) return (state.textContent = "Type your key first.");
    const text = JSON.stringify(body);
    if (sent.text !== text) sent = { text, key: random() };
    form.ariaBusy = "true";
    state.textContent = "Sending\u2026";
    const answer = await ask("POST", path, { body, headers: { "idempotency-key": sent.key } });
    form.ariaBusy = "false";
    state.textContent = "";
    if (answer.ok) return location.assign(answer.body.url);
    const told = (answer.body.errors ?? []).map(({ pointer, detail }) => ({ pointer, message: detail }));
    show(form, answer.body.detail ?? `The service answered ${answer.status}.`, told);
  });
}
