// What is to be found out, as it stands in the form: a kind, a schema or a description, and the faults that can be seen from here.
//
// Fields and schema are two views of one thing: whoever turns from one to the other finds what the other said last, or is told why rows cannot say it.

import { fieldsIn, reveal as revealRow, schemaOf, show } from "./fields.js";
import { byId, chosen, jsonOf, make, repeated, reveal } from "./parts.js";
import { faultsOf, warningsOf } from "./schema.js";

const PLACE = "/output_schema";
const PAUSE = 300;

function ofRows() {
  const { schema, faults } = schemaOf(byId("field-rows"));
  if (schema.required.length === 0) faults.push({ pointer: PLACE, message: "Say at least one field." });
  return { schema, faults };
}

function ofText() {
  const { value: schema, fault } = jsonOf(byId("schema").value);
  return fault ? { faults: [{ pointer: PLACE, message: fault }] } : { schema, faults: [] };
}

const placed = ({ pointer, message }) => ({ pointer: PLACE + pointer, message });

// the schema with what the upstream would refuse of it
function judged({ schema, faults }) {
  return faults.length ? { schema, faults } : { schema, faults: faultsOf(schema).map(placed) };
}

export function outputOf(form) {
  const kind = chosen(form, "output");
  const description = byId("description").value.trim() || undefined;
  if (kind === "json") return { type: "json", ...judged(ofRows()) };
  if (kind === "schema") return { type: "json", ...judged(ofText()) };
  if (kind === "described") {
    const faults = description ? [] : [{ pointer: "/output_description", message: "Say what is to be found out." }];
    return { type: "json", description, faults };
  }
  return { type: kind, description: kind === "text" ? description : undefined, faults: [] };
}

// tells what is to be thought of the schema while it is written; faults of rows stand beside them once the form is sent
function judge(form) {
  const isText = chosen(form, "output") === "schema";
  const { schema, faults } = isText ? ofText() : ofRows();
  const told = [];
  if (isText) for (const { message } of faults) told.push(["fault", message]);
  if (!faults.length) {
    if (isText) for (const { pointer, message } of faultsOf(schema)) told.push(["fault", `${pointer} ${message}`]);
    for (const { pointer, message } of warningsOf(schema)) told.push(["hint", `${pointer} ${message}`]);
  }
  byId("judged").replaceChildren(...told.map(([kind, text]) => make("li", kind, text.trim())));
}

export function start(form) {
  repeated(form);
  const turned = byId("turned");
  // which of the two views was edited last, and the text that was made of the rows
  let source = "json";
  let made = "";

  function toText() {
    made = JSON.stringify(ofRows().schema, null, 2);
    byId("schema").value = made;
  }

  // why the rows cannot be shown; none if they say what the text says
  function toRows() {
    const text = byId("schema").value;
    if (text === made) return undefined;
    const { value: schema, fault } = jsonOf(text);
    const { fields, why } = fault ? { why: fault } : fieldsIn(schema);
    if (!why) {
      show(fields);
      const isLoose = warningsOf(schema).some(({ pointer }) => /\/(required|additionalProperties)$/.test(pointer));
      turned.textContent = isLoose ? "As fields, all of them are required, and there are no others." : "";
    }
    return why;
  }

  function turn() {
    let kind = chosen(form, "output");
    turned.textContent = "";
    if (kind === "schema" && source === "json") toText();
    if (kind === "json" && source === "schema") {
      const why = toRows();
      if (why) {
        turned.textContent = `Fields cannot show this schema: ${why}. It stays as it is.`;
        kind = "schema";
        const radio = form.querySelector('input[name="output"][value="schema"]');
        radio.checked = true;
        radio.focus();
      }
    }
    if (kind === "json" || kind === "schema") source = kind;
    reveal(form, "kind", kind);
    if (source === kind) judge(form);
  }

  let timer;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(() => judge(form), PAUSE);
  };
  for (const choice of form.querySelectorAll('input[name="output"]')) choice.addEventListener("change", turn);
  byId("schema").addEventListener("input", later);
  byId("field-rows").addEventListener("input", later);
  byId("field-rows").addEventListener("change", (event) => {
    if (event.target.dataset.field === "type") revealRow(event.target.closest("[data-row]"));
  });
  for (const row of byId("field-rows").children) revealRow(row);
  turn();
}
