// The upstream's rules for a schema of outputs, as the service has them: what would be refused, and what would be warned of. Both are lists of
// { pointer, message }, with pointers within the schema.

import { segment } from "./parts.js";

const [LEVELS, PROPERTIES, CHARS, VALUES, LONG, LONG_CHARS] = [5, 100, 25_000, 500, 250, 7_500];
const UNSUPPORTED = new Set(
  ("contains format maxContains maxItems maxLength maxProperties maximum minContains minItems minLength minimum minProperties multipleOf " +
    "pattern patternProperties propertyNames uniqueItems unevaluatedItems unevaluatedProperties").split(" "),
);
const TYPES = ["object", "array", "string", "integer", "number", "boolean", "null"];
const IN_BASIS = ["citations", "confidence", "evidence", "reasoning", "source", "sources", "source_urls"];

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const typesOf = ({ type }) => (Array.isArray(type) ? type : type === undefined ? [] : [type]);
const holdsFields = (schema) => "properties" in schema || typesOf(schema).includes("object");
const length = (value) => [...(typeof value === "string" ? value : JSON.stringify(value))].length;

// the schemas within a schema, with their pointers, and whether each is a branch of a union
function* children(schema, pointer) {
  for (const word of ["properties", "$defs", "definitions"]) {
    if (isObject(schema[word])) for (const [name, child] of Object.entries(schema[word])) yield [`${pointer}/${word}/${segment(name)}`, child, false];
  }
  for (const word of ["anyOf", "oneOf", "allOf", "prefixItems"]) {
    if (Array.isArray(schema[word])) for (const [at, child] of schema[word].entries()) yield [`${pointer}/${word}/${at}`, child, word !== "prefixItems"];
  }
  for (const word of ["items", "additionalProperties", "not"]) {
    if (word in schema && typeof schema[word] !== "boolean") yield [`${pointer}/${word}`, schema[word], false];
  }
}

export function faultsOf(schema) {
  const faults = [];
  const counts = { properties: 0, chars: 0, values: 0 };
  const fault = (pointer, message) => faults.push({ pointer, message });

  function object(schema, pointer) {
    const { properties, required } = schema;
    if (properties === undefined) fault(`${pointer}/properties`, "is missing: it names the fields");
    else if (!isObject(properties)) fault(`${pointer}/properties`, "must be an object: a schema for each name");
    else if (Object.keys(properties).length === 0) fault(`${pointer}/properties`, "is empty: it names the fields");
    else {
      counts.properties += Object.keys(properties).length;
      for (const name of Object.keys(properties)) counts.chars += length(name);
    }
    const isList = Array.isArray(required) && required.every((name) => typeof name === "string");
    if (required !== undefined && !isList) fault(`${pointer}/required`, "must be an array of names");
  }

  function values(schema, pointer) {
    if ("const" in schema) counts.chars += length(schema.const);
    if (!("enum" in schema)) return;
    const all = schema.enum;
    if (!Array.isArray(all) || all.length === 0) return fault(`${pointer}/enum`, "must be an array of values");
    const text = all.reduce((sum, value) => sum + length(value), 0);
    counts.values += all.length;
    counts.chars += text;
    if (all.length > LONG && text > LONG_CHARS) fault(`${pointer}/enum`, `has ${text} characters; at most ${LONG_CHARS} characters for an enum of over ${LONG} values`);
  }

  function node(schema, pointer, above, isBranch) {
    if (!isObject(schema)) return fault(pointer, "must be a JSON Schema, as an object");
    for (const word of Object.keys(schema)) if (UNSUPPORTED.has(word)) fault(`${pointer}/${word}`, "is a keyword that the upstream does not support");
    const types = typesOf(schema);
    if (types.some((type) => !TYPES.includes(type))) fault(`${pointer}/type`, `must be one or several of ${TYPES.join(", ")}`);
    else if ("type" in schema && !isBranch && types.every((type) => type === "null")) {
      fault(`${pointer}/type`, 'null alone is not allowed: use it in a union such as ["string", "null"]');
    }
    values(schema, pointer);
    const level = above + (holdsFields(schema) ? 1 : 0);
    if (level > LEVELS) return fault(pointer, `lies deeper than ${LEVELS} levels of objects`);
    if (holdsFields(schema)) object(schema, pointer);
    for (const [place, child, isBranch] of children(schema, pointer)) node(child, place, level, isBranch);
  }

  if (!isObject(schema)) return [{ pointer: "", message: "must be a JSON Schema, as an object" }];
  if ("anyOf" in schema) fault("/anyOf", "is not allowed at the root");
  if (schema.type !== "object") fault("/type", 'must be "object" at the root');
  if (schema.type === "object" || "properties" in schema) node(schema, "", 0, false);
  else fault("/properties", "is missing: it names the fields");
  for (const [count, most, what] of [
    [counts.properties, PROPERTIES, "properties"],
    [counts.chars, CHARS, "characters of names and values"],
    [counts.values, VALUES, "enum values"],
  ]) {
    if (count > most) fault("", `has ${count} ${what}; at most ${most}`);
  }
  return faults;
}

export function warningsOf(schema) {
  const warnings = [];
  const warn = (pointer, message) => warnings.push({ pointer, message });
  const names = (schema) => (isObject(schema.properties) ? Object.keys(schema.properties) : []);
  function strict(schema, pointer) {
    if (!isObject(schema)) return;
    if (holdsFields(schema)) {
      const required = Array.isArray(schema.required) ? schema.required : [];
      const optional = names(schema).filter((name) => !required.includes(name));
      if (optional.length) warn(`${pointer}/required`, `lacks ${optional.join(", ")}; for values that may be missing, allow null instead`);
      if (schema.additionalProperties !== false) warn(`${pointer}/additionalProperties`, "should be false");
    }
    for (const [place, child] of children(schema, pointer)) strict(child, place);
  }
  if (!isObject(schema)) return warnings;
  for (const name of names(schema)) {
    if (IN_BASIS.includes(name)) warn(`/properties/${segment(name)}`, "every output carries its basis anyway, so this field is not needed");
  }
  strict(schema, "");
  return warnings;
}
