// The form for one task.

import { outputOf } from "./output.js";
import { byId, chosen } from "./parts.js";
import { common, start } from "./send.js";

const form = byId("task");

function inputOf() {
  const text = byId("input").value.trim();
  if (!text) return { faults: [{ pointer: "/input", message: "Say what the task is about." }] };
  if (chosen(form, "kind") === "text") return { input: text, faults: [] };
  try {
    return { input: JSON.parse(text), faults: [] };
  } catch (error) {
    return { faults: [{ pointer: "/input", message: `This is no JSON: ${error.message}` }] };
  }
}

function read() {
  const { input, faults } = inputOf();
  const { type, schema, description, faults: others } = outputOf(form);
  const output = type === "json" ? { type, json_schema: schema } : { type, description };
  const { processor, ...rest } = common();
  return { body: { processor, input, taskSpec: { output_schema: output }, ...rest }, faults: [...faults, ...others] };
}

start(form, "api/tasks", read);
