// The key: kept while the tab is open, and longer only if that is asked for. It is put into requests to this service, nowhere else.

import { byId } from "./parts.js";

const NAME = "multitask-key";
const field = byId("key");
const remember = byId("remember");

function keep() {
  const key = field.value.trim();
  for (const store of [sessionStorage, localStorage]) store.removeItem(NAME);
  if (key) (remember.checked ? localStorage : sessionStorage).setItem(NAME, key);
}

if (field) {
  const remembered = localStorage.getItem(NAME);
  remember.checked = remembered !== null;
  field.value = remembered ?? sessionStorage.getItem(NAME) ?? "";
  field.addEventListener("input", keep);
  remember.addEventListener("change", keep);
}

// the headers by which the service knows who asks
export function credential() {
  const key = field?.value.trim();
  return key ? { "x-api-key": key } : {};
}

// calls `then` when another key was typed
export function onKey(then) {
  field?.addEventListener("change", then);
}

// whether a key is still to be typed; the field is pointed at, if so
export function isMissing() {
  if (!field || field.value.trim()) return false;
  field.focus();
  return true;
}
