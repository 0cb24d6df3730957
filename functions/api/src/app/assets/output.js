// What is to be found out, as it stands in the form: a kind, a schema or a description, and the faults that can be seen from here.

import { byId, chosen, repeated, reveal, rowsOf, segment } from "./parts.js";

const LIST = { type: "array", items: { type: "string" } };

function ofRows() {
  const faults = [];
  const properties = {};
  for (const { row, values } of rowsOf("field")) {
    const { name, type, description } = values;
    row.dataset.part = `properties/${segment(name)}`;
    const fault = (message) => faults.push({ pointer: `/output_schema/properties/${segment(name)}`, message });
    if (!name) fault("A field needs a name.");
    else if (Object.hasOwn(properties, name)) fault("There is a field of this name already.");
    properties[name] = { ...(type === "list" ? LIST : { type }), ...(description && { description }) };
  }
  const required = Object.keys(properties);
  if (required.length === 0) faults.push({ pointer: "/output_schema", message: "Say at least one field." });
  return { schema: { type: "object", properties, required, additionalProperties: false }, faults };
}

function ofText(text) {
  try {
    return { schema: JSON.parse(text), faults: [] };
  } catch (error) {
    return { faults: [{ pointer: "/output_schema", message: `This is no JSON: ${error.message}` }] };
  }
}

export function outputOf(form) {
  const kind = chosen(form, "output");
  const description = byId("description").value.trim() || undefined;
  if (kind === "json") return { type: "json", ...ofRows() };
  if (kind === "schema") return { type: "json", ...ofText(byId("schema").value) };
  if (kind === "described") {
    const faults = description ? [] : [{ pointer: "/output_description", message: "Say what is to be found out." }];
    return { type: "json", description, faults };
  }
  return { type: kind, description: kind === "text" ? description : undefined, faults: [] };
}

// whoever turns to the schema finds what the fields say; the fields stay as they were
export function start(form) {
  repeated(form);
  const turn = () => {
    const kind = chosen(form, "output");
    if (kind === "schema" && !byId("schema").value.trim()) byId("schema").value = JSON.stringify(ofRows().schema, null, 2);
    reveal(form, "kind", kind);
  };
  for (const choice of form.querySelectorAll('input[name="output"]')) choice.addEventListener("change", turn);
  turn();
}
