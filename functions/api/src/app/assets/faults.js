// Faults, each beside the field that it means: the part whose `data-place` is the longest beginning of the fault's JSON pointer.
// A repeated row is found by its `data-part`. What has no place is told above the button, and so is what went wrong as a whole.

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
  const row = [...(best?.querySelectorAll("[data-part]") ?? [])].find((row) => `${pointer}/`.includes(`/${row.dataset.part}/`));
  return row ?? best;
}

const fieldOf = (part) =>
  [...part.querySelectorAll("input, select, textarea")].find((field) => field.type !== "radio" && !field.closest("[hidden]"));

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

// shows what is wrong; the first field that is meant gets the focus
export function show(form, detail, faults = []) {
  clear(form);
  const all = byId("faults");
  all.replaceChildren(make("h2", "", detail));
  const list = make("ul");
  let first = null;
  for (const { pointer, message } of faults) {
    const part = partOf(form, pointer);
    if (!part) {
      list.append(make("li", "", pointer ? `${pointer}: ${message}` : message));
      continue;
    }
    const told = make("p", "fault", message);
    told.id = `fault-${number++}`;
    part.append(told);
    for (let around = part; around && around !== form; around = around.parentElement) {
      if (around.tagName === "DETAILS") around.open = true;
    }
    const field = fieldOf(part);
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
