// What it would cost and how long it would take, asked of the service a moment after the last change; an answer that comes late is dropped.

import { ask } from "./ask.js";
import { onKey } from "./key.js";
import { byId } from "./parts.js";

const PAUSE = 400;

const dollars = (amount) => `$${amount.toFixed(Math.max(2, (String(amount).split(".")[1] ?? "").length))}`;

function time(seconds) {
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.ceil(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

function told({ rows, cost_usd: cost, expected_seconds: seconds, processor, processor_reason: reason }, isTask) {
  if (isTask) return { text: cost === null ? "" : `${processor} costs ${dollars(cost)} a run, which takes about ${time(seconds)}.`, reason };
  const what = rows === null ? "The list is read later" : `${rows.toLocaleString("en")} ${rows === 1 ? "row" : "rows"} with ${processor}`;
  const price = cost === null ? "at a price that is not known yet" : `cost ${dollars(cost)}`;
  const span = seconds === null ? "" : `, most of it in about ${time(seconds)}`;
  return { text: `${what} ${price}${span}.`, reason };
}

// of faults, those of the processor and of the price are told at once; the others when the form is sent
function refused({ status, body }) {
  if (status !== 422) return body.detail ?? "";
  return body.errors?.find(({ pointer }) => ["/processor", "/max_cost_usd"].includes(pointer))?.detail ?? "";
}

// `asked` makes the question of what would be sent
export function start(form, read, asked) {
  const place = byId("estimate");
  let timer;
  let running;
  const reckon = async () => {
    running?.abort();
    const { body, faults } = read();
    if (faults.length) return (place.textContent = "");
    running = new AbortController();
    try {
      const answer = await ask("POST", "v1beta/tasks/estimate", { body: asked(body), signal: running.signal });
      place.classList.toggle("wrong", !answer.ok);
      if (!answer.ok) return (place.textContent = refused(answer));
      const { text, reason } = told(answer.body, form.id === "task");
      place.textContent = text;
      place.title = reason ?? "";
    } catch {
      // a later question took its place
    }
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(reckon, PAUSE);
  };
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  onKey(later);
  later();
}
