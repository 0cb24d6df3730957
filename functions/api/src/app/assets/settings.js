// What both forms have in common besides the output: read from its fields, by the names on the wire; what has no value is not sent.

import * as chips from "./chips.js";
import { byId, chosen, jsonOf, rowsOf, segment } from "./parts.js";

const some = (object) => (Object.keys(object).length ? object : undefined);
const text = (id) => byId(id)?.value.trim() || undefined;

// the texts of rows by their names; any name is a name
function named(rows, part) {
  const entries = Object.create(null);
  const faults = [];
  for (const { row, values } of rows) {
    row.dataset.part = `${part}/${segment(values.name)}`;
    const fault = (message) => faults.push({ pointer: `/${row.dataset.part}`, message, row });
    if (!values.name) fault("This needs a name.");
    else if (Object.hasOwn(entries, values.name)) fault("This name is there already.");
    entries[values.name] = values.value;
  }
  return { entries: some(entries), faults };
}

function servers(faults) {
  const servers = rowsOf(byId("server-rows")).map(({ row, values: { name, url, tools } }, at) => {
    row.dataset.part = `mcp_servers/${at}`;
    const headers = named(rowsOf(row.querySelector(".repeated")), `mcp_servers/${at}/headers`);
    faults.push(...headers.faults);
    const allowed = tools.split(/[\s,]+/).filter(Boolean);
    return { type: "url", name, url, ...(headers.entries && { headers: headers.entries }), ...(allowed.length && { allowed_tools: allowed }) };
  });
  return servers.length ? servers : undefined;
}

function whole(id, pointer, faults) {
  const written = text(id);
  if (written === undefined) return undefined;
  if (!/^\d{1,9}$/.test(written)) faults.push({ pointer, message: "Write a whole number." });
  return Number(written);
}

function dollars(faults) {
  const written = text("most");
  const most = written && Number(written);
  if (Number.isNaN(most)) faults.push({ pointer: "/max_cost_usd", message: "Write a number of dollars, as in 2.50." });
  return most;
}

// a sentence as it is, a schema as JSON
export function inputSchema() {
  const written = text("input-schema");
  if (!written?.startsWith("{")) return { schema: written, faults: [] };
  const { value: schema, fault } = jsonOf(written);
  return { schema, faults: fault ? [{ pointer: "/input_schema", message: fault }] : [] };
}

// the fields that stand in both forms, with what is wrong with them as far as it can be seen from here
export function common(form) {
  const faults = [];
  const metadata = named(rowsOf(byId("metadata-rows")), "metadata");
  const hours = whole("age", "/cache/max_age_hours", faults);
  const body = {
    processor: text("processor"),
    mode: byId("deep").checked ? "deep_research" : undefined,
    max_cost_usd: dollars(faults),
    source_policy: chips.sourcesOf(),
    mcp_servers: servers(faults),
    offset: byId("skip") ? whole("skip", "/offset", faults) : undefined,
    limit: byId("take") ? whole("take", "/limit", faults) : undefined,
    timeout_seconds: whole("timeout", "/timeout_seconds", faults),
    retry_failed: text("retries") && Number(text("retries")),
    cache: hours === undefined ? undefined : { max_age_hours: hours },
    visibility: chosen(form, "visibility") === "key" ? "key" : undefined,
    metadata: metadata.entries,
    webhook_url: text("webhook"),
    previous_interaction_id: text("interaction"),
    enable_events: byId("follow")?.checked === false ? false : undefined,
  };
  return { body, faults: [...faults, ...metadata.faults] };
}

// a body with a name in the place of each header's value, which may be a secret, for the command
export function shown(body) {
  const { mcp_servers: servers, ...others } = body;
  if (!servers) return body;
  const standIn = (name) => `YOUR_${name.toUpperCase().replace(/[^A-Z0-9]+/g, "_")}`;
  const hidden = servers.map(({ headers, ...server }) =>
    headers ? { ...server, headers: Object.fromEntries(Object.keys(headers).map((name) => [name, standIn(name)])) } : server,
  );
  return { ...others, mcp_servers: hidden };
}
