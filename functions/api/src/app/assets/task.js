// The form for one task.

import { start as estimate } from "./estimate.js";
import { outputOf } from "./output.js";
import { byId, chosen, jsonOf } from "./parts.js";
import { start } from "./send.js";
import { common, inputSchema } from "./settings.js";

const form = byId("task");

function inputOf() {
  const text = byId("input").value.trim();
  if (!text) return { faults: [{ pointer: "/input", message: "Say what the task is about." }] };
  if (chosen(form, "kind") === "text") return { input: text, faults: [] };
  const { value: input, fault } = jsonOf(text);
  return { input, faults: fault ? [{ pointer: "/input", message: fault }] : [] };
}

function read() {
  const { input, faults } = inputOf();
  const { type, schema, description, faults: ofOutput } = outputOf(form);
  const { schema: input_schema, faults: ofInput } = inputSchema();
  const { body: { processor, ...rest }, faults: others } = common(form);
  const output_schema = type === "json" ? { type, json_schema: schema } : { type, description };
  const taskSpec = { output_schema, input_schema };
  return { body: { processor, input, taskSpec, ...rest }, faults: [...faults, ...ofOutput, ...ofInput, ...others] };
}

// what a group of this one row would be asked for
function asGroup({ processor, mode, max_cost_usd, retry_failed }) {
  const { type, schema, description } = outputOf(form);
  return { rows: 1, processor, mode, max_cost_usd, retry_failed, output_type: type, output_schema: schema, output_description: description };
}

start(form, "api/tasks", read);
estimate(form, read, asGroup);
