// What the owner can do with the unit: cancel, retry, add rows, delete. Who has no key, or another's, is told so in words and may type one.
// A retry or an append that is sent again, unchanged, carries the same Idempotency-Key, so nothing is bought twice.

const tools = byId("tools");
const { id } = tools.dataset;
const panels = ["asking", "adding", "removing", "deliveries"].map(byId).filter(Boolean);
let again = null;
let isOverdue = false;
const sent = { text: null, key: "" };

tools.hidden = false;

function tell(text, isWrong = false, faults = []) {
  const told = byId("told");
  told.classList.toggle("wrong", isWrong);
  told.textContent = visible(text);
  for (const { pointer, detail } of faults) told.append(make("span", "fault", pointer ? `${pointer}: ${detail}` : detail));
}

function toggle(panel, isOpen = panel.hidden) {
  panel.hidden = !isOpen;
  tools.querySelector(`[aria-controls="${panel.id}"]`)?.setAttribute("aria-expanded", String(isOpen));
  if (isOverdue && !isBusy()) renew();
}

// whether something was typed that a new page would lose
const isBusy = () => panels.some((panel) => !panel.hidden && [...panel.querySelectorAll("textarea, input[type=password]")].some((field) => field.value !== ""));

// loads the page anew, but not under the hands of who is typing; the focus comes back where it was
function renew() {
  isOverdue = isBusy();
  if (isOverdue) return tell("There is news: this page will be loaded anew when what you typed is sent or closed.");
  if (document.activeElement?.id) sessionStorage.setItem("multitask-focus", document.activeElement.id);
  location.reload();
}

const focused = sessionStorage.getItem("multitask-focus");
sessionStorage.removeItem("multitask-focus");
if (focused) byId(focused)?.focus({ preventScroll: true });

// asks for a change; `then` gets the answer, and a refusal is told
async function change(method, path, then, options) {
  if (tools.ariaBusy === "true") return;
  tools.ariaBusy = "true";
  tell("Asking the service\u2026");
  const answer = await ask(method, path, options);
  tools.ariaBusy = "false";
  if (answer.ok) {
    tell("");
    return then(answer.body);
  }
  const { status, body } = answer;
  tell(body.detail ?? `The service answered ${status}.`, true, body.errors);
  if (status !== 401 && status !== 403) return;
  again = () => change(method, path, then, options);
  byId("why").textContent = key()
    ? "This is its owner\u2019s to do, and the key that this browser keeps is another\u2019s. Type the key with which it was made."
    : "This is its owner\u2019s to do. Type the key with which it was made.";
  toggle(byId("asking"), true);
  byId("key").focus();
}

byId("asking").addEventListener("submit", (event) => {
  event.preventDefault();
  keep(byId("key").value.trim(), byId("remember").checked);
  byId("key").value = "";
  byId("asking").hidden = true;
  again?.();
});

// the key under which this request is remembered; another one when it asks for something else
function once(text) {
  if (sent.text !== text) Object.assign(sent, { text, key: random() });
  return { "idempotency-key": sent.key };
}

const acts = {
  cancel: () => change("POST", `${id}/cancel`, renew),
  retry: () => change("POST", `${id}/retry`, renew, { headers: once("retry") }),
  remove: () => change("DELETE", id, () => location.assign(new URL("?show=list", document.baseURI))),
};

tools.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { act } = button.dataset;
  if (acts[act]) return acts[act]();
  const panel = byId(button.getAttribute("aria-controls") ?? button.dataset.close);
  if (!panel) return;
  toggle(panel);
  if (panel.hidden) tools.querySelector(`[aria-controls="${panel.id}"]`)?.focus();
  else panel.querySelector("textarea, [autofocus], button")?.focus();
});
