// Faults, each beside the field that it means: the part whose `data-place` is the longest beginning of the fault's JSON pointer.
// A repeated row is found by its `data-part`, the innermost by the longest. What has no place is told above the button, and so is what went wrong as a whole.

import { byId, make } from "./parts.js";

const reaches = (place, pointer) => pointer === place || pointer.startsWith(place + "/");

function partOf(form, pointer) {
  let best = null;
  let length = 0;
  for (const part of form.querySelectorAll("[data-place]")) {
    for (const place of part.dataset.place.split(" ")) {
      if (place.length > length && reaches(place, pointer)) [best, length] = [part, place.length];
    }
  }
  const rows = [...(best?.querySelectorAll("[data-part]") ?? [])];
  const meant = rows.filter((row) => !row.closest("[hidden]") && `${pointer}/`.includes(`/${row.dataset.part}/`));
  return meant.sort((a, b) => b.dataset.part.length - a.dataset.part.length)[0] ?? best;
}

// the field that a fault means: the one of that name, else the first
function fieldOf(part, pointer) {
  const fields = [...part.querySelectorAll("input, select, textarea")].filter((field) => field.type !== "radio" && !field.closest("[hidden]"));
  return fields.find((field) => field.dataset.field === pointer.split("/").at(-1)) ?? fields[0];
}

// what a fault says where no row stands for the place in the schema
function said(part, pointer, message) {
  const [, inside] = /_schema(?:\/json_schema)?(\/.+)$/.exec(pointer) ?? [];
  return inside && !part.dataset.part ? `${inside} ${message}` : message;
}

let number = 0;

export function clear(form) {
  for (const told of form.querySelectorAll(".fault")) told.remove();
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    if (!field.dataset.hint) field.removeAttribute("aria-describedby");
    else field.setAttribute("aria-describedby", field.dataset.hint);
    delete field.dataset.hint;
  }
  byId("faults").hidden = true;
}

// shows what is wrong, at the `row` that a fault brings, else where its pointer belongs; the first field that is meant gets the focus
export function show(form, detail, faults = []) {
  clear(form);
  const all = byId("faults");
  all.replaceChildren(make("h2", "", detail));
  const list = make("ul");
  let first = null;
  for (const { pointer, message, row } of faults) {
    const part = row ?? partOf(form, pointer);
    if (!part) {
      list.append(make("li", "", pointer ? `${pointer}: ${message}` : message));
      continue;
    }
    const told = make("p", "fault", said(part, pointer, message));
    told.id = `fault-${number++}`;
    (part.querySelector(":scope > .told") ?? part).append(told);
    for (let around = part; around && around !== form; around = around.parentElement) {
      if (around.tagName === "DETAILS") around.open = true;
    }
    const field = fieldOf(part, pointer);
    if (!field) continue;
    field.dataset.hint ??= field.getAttribute("aria-describedby") ?? "";
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", `${field.getAttribute("aria-describedby") ?? ""} ${told.id}`.trim());
    first ??= field;
  }
  if (list.children.length) all.append(list);
  all.hidden = false;
  (first ?? all).focus();
}
