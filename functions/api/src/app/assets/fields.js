// A schema as rows of fields, and rows as a schema. What rows cannot say is told in words, and nothing of it is dropped in silence.

import { byId, fieldsOf, rowOf, rowsOf, segment } from "./parts.js";

const LISTS = { list: "string", numbers: "number" };
const PLAIN = ["string", "integer", "number", "boolean"];

const nestedOf = (row) => row.querySelector(":scope > .nested > .repeated");

// shows of a row what its type needs: the texts of a choice, the fields of a group
export function reveal(row) {
  const type = fieldsOf(row).find((field) => field.dataset.field === "type").value;
  for (const part of row.children) if (part.dataset.inside) part.hidden = !part.dataset.inside.split(" ").includes(type);
  if (["object", "objects"].includes(type) && !nestedOf(row).children.length) nestedOf(row).append(rowOf("field"));
}

// the schema that the rows say; `faults` are what can be seen here, each at the row that it means
export function schemaOf(list, path = "") {
  const faults = [];
  // without a prototype, any name is a name
  const properties = Object.create(null);
  for (const { row, values } of rowsOf(list)) {
    const { name, type, description, nullable, choices } = values;
    const place = `${path}/properties/${segment(name)}`;
    row.dataset.part = place.slice(1);
    const fault = (message) => faults.push({ pointer: `/output_schema${place}`, message, row });
    if (!name) fault("A field needs a name.");
    else if (Object.hasOwn(properties, name)) fault("There is a field of this name already.");
    const or = (kind) => (nullable ? [kind, "null"] : kind);
    let schema;
    if (LISTS[type]) schema = { type: or("array"), items: { type: LISTS[type] } };
    else if (type === "choice") {
      const texts = choices.split(",").map((text) => text.trim()).filter(Boolean);
      if (!texts.length) fault("Say which texts it may be.");
      schema = { type: or("string"), enum: nullable ? [...texts, null] : texts };
    } else if (type === "object" || type === "objects") {
      const inside = schemaOf(nestedOf(row), type === "object" ? place : `${place}/items`);
      faults.push(...inside.faults);
      if (!Object.keys(inside.schema.properties).length) fault("A group of fields needs a field inside.");
      schema = type === "object" ? { ...inside.schema, type: or("object") } : { type: or("array"), items: inside.schema };
    } else schema = { type: or(type) };
    const { type: kind, ...rest } = schema;
    properties[name] = { type: kind, ...(description && { description }), ...rest };
  }
  return { schema: { type: "object", properties, required: Object.keys(properties), additionalProperties: false }, faults };
}

const quoted = (text) => `\u201c${text}\u201d`;

// what is said beyond `known` keywords
function only(schema, known, where) {
  const other = Object.keys(schema).find((word) => !known.includes(word));
  if (other) throw new Error(`${where} has ${quoted(other)}`);
}

// the kind of a schema and whether it may be null; throws where it is no single kind
function kindOf({ type }, where) {
  const kinds = Array.isArray(type) ? type : [type];
  const kind = kinds.filter((kind) => kind !== "null");
  if (kind.length !== 1 || typeof kind[0] !== "string") throw new Error(`${where} is not of one type`);
  return { kind: kind[0], nullable: kinds.includes("null") };
}

function ofField(name, schema, path) {
  const where = quoted(path ? `${path}.${name}` : name);
  if (typeof schema !== "object" || schema === null) throw new Error(`${where} is no schema`);
  const { kind, nullable } = kindOf(schema, where);
  const { description = "" } = schema;
  if (typeof description !== "string" || description.includes("\n")) throw new Error(`${where} has a description of several lines`);
  const field = { name, nullable, description };
  const inside = (schema, known) => ofObject(schema, path ? `${path}.${name}` : name, known);
  if (kind === "object") return { ...field, type: "object", inside: inside(schema, ["description"]) };
  if (kind === "array") {
    only(schema, ["type", "description", "items"], where);
    const items = schema.items ?? {};
    if (items.type === "object") return { ...field, type: "objects", inside: inside(items, []) };
    const type = Object.keys(LISTS).find((type) => LISTS[type] === items.type);
    if (!type || Object.keys(items).length > 1) throw new Error(`${where} is a list of something else than texts, numbers or groups of fields`);
    return { ...field, type };
  }
  if (!PLAIN.includes(kind)) throw new Error(`${where} is of type ${quoted(kind)}`);
  if (kind === "string" && Array.isArray(schema.enum)) {
    only(schema, ["type", "description", "enum"], where);
    const texts = schema.enum.filter((text) => text !== null);
    const isPlain = texts.length > 0 && texts.every((text) => typeof text === "string" && text === text.trim() && text && !text.includes(","));
    if (!isPlain || (texts.length < schema.enum.length) !== nullable) throw new Error(`${where} has values that are no plain texts`);
    return { ...field, type: "choice", choices: texts.join(", ") };
  }
  only(schema, ["type", "description"], where);
  return { ...field, type: kind };
}

function ofObject(schema, path, known) {
  const where = path ? quoted(path) : "the schema";
  only(schema, ["type", "properties", "required", "additionalProperties", ...known], where);
  const { properties, additionalProperties: more } = schema;
  if (typeof properties !== "object" || properties === null || Array.isArray(properties)) throw new Error(`${where} names no fields`);
  if (typeof more === "object") throw new Error(`${where} says what further fields are`);
  return Object.entries(properties).map(([name, child]) => ofField(name, child, path));
}

// the fields that a schema says, or why rows cannot say it
export function fieldsIn(schema) {
  try {
    if (typeof schema !== "object" || schema === null || schema.type !== "object") throw new Error("its root is no object with fields");
    return { fields: ofObject(schema, "", []) };
  } catch (error) {
    return { why: error.message };
  }
}

function fill(list, fields) {
  list.replaceChildren(
    ...fields.map(({ inside, ...values }) => {
      const row = rowOf("field");
      for (const field of fieldsOf(row)) {
        const value = values[field.dataset.field];
        if (field.type === "checkbox") field.checked = Boolean(value);
        else if (value !== undefined) field.value = value;
      }
      if (inside) fill(nestedOf(row), inside);
      reveal(row);
      return row;
    }),
  );
}

// makes the rows say this
export const show = (fields) => fill(byId("field-rows"), fields);
