// What both forms do: keep the command up to date, send, and go to what was made or show what is wrong.
// A request that is sent again, unchanged, is the same request: it carries the same Idempotency-Key, so nothing is bought twice.

import { ask } from "./ask.js";
import * as chips from "./chips.js";
import * as curl from "./curl.js";
import { clear, show } from "./faults.js";
import { isMissing } from "./key.js";
import { start as startOutput } from "./output.js";
import { shown } from "./settings.js";
import { byId, reveal, chosen } from "./parts.js";

const random = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// where what was made can be seen: a page that wants a key cannot be opened by a link, but the list knows the key
function destination({ visibility }, { url }) {
  const isLocked = visibility === "key" && document.body.dataset.credential;
  return isLocked ? `?show=list&q=${url.split("/").at(-1)}` : url;
}

// `read` gives the body and what is wrong with it as far as it can be seen from here
export function start(form, path, read) {
  startOutput(form);
  chips.start();
  curl.start();
  for (const choice of form.querySelectorAll('input[name="visibility"]')) {
    choice.addEventListener("change", () => reveal(form, "visibility", chosen(form, "visibility")));
  }
  const draw = () => curl.draw(path, shown(read().body));
  form.addEventListener("input", draw);
  form.addEventListener("change", draw);
  draw();

  let sent = { text: "", key: "" };
  const state = byId("state");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    clear(form);
    const { body, faults } = read();
    if (faults.length) return show(form, "Something is to be mended first.", faults);
    if (isMissing()) return (state.textContent = "Type your key first.");
    const text = JSON.stringify(body);
    if (sent.text !== text) sent = { text, key: random() };
    form.ariaBusy = "true";
    state.textContent = "Sending\u2026";
    const answer = await ask("POST", path, { body, headers: { "idempotency-key": sent.key } });
    form.ariaBusy = "false";
    state.textContent = "";
    if (answer.ok) return location.assign(destination(body, answer.body));
    const told = (answer.body.errors ?? []).map(({ pointer, detail }) => ({ pointer, message: detail }));
    show(form, answer.body.detail ?? `The service answered ${answer.status}.`, told);
  });
}
