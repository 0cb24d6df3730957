// Steps and words that several stories share.

export const UNIT = /\/[a-z2-7]{26}$/;

/** The status that a result page shows. */
export const statusOf = (tab) => tab.locator("#status").getAttribute("data-status");

/** Waits for the end of a unit: a page that has seen it comes once more, without events to follow. */
export const isOver = (tab) =>
  tab.waitForFunction(() => document.getElementById("status")?.dataset.status === "completed" && !document.body.dataset.events);

/** Creates the group that the form begins with, and goes to its page. */
export async function create(tab, base) {
  await tab.goto(`${base}/?show=group`);
  await tab.getByRole("button", { name: "Create the group" }).click();
  await tab.waitForURL(UNIT);
}

/** What the service makes of this; `key` is sent if there is one. */
export async function post(base, path, body, key) {
  const headers = { "content-type": "application/json", ...(key && { "x-api-key": key }) };
  const answer = await fetch(`${base}/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : {};
}

/** A group of these rows with a year and a name for each, and its address. */
export async function group(base, inputs, more = {}, key) {
  const properties = { founded: { type: "integer", description: "The year" }, chief: { type: "string", description: "The name" } };
  const output_schema = { type: "object", properties, required: ["founded", "chief"], additionalProperties: false };
  const made = await post(base, "v1beta/tasks/groups", { inputs, processor: "base", output_type: "json", output_schema, ...more }, key);
  return { id: made.taskgroup_id, url: made.url };
}

/** A task, and its address. */
export async function task(base, input, output, more = {}, key) {
  const { id, url } = await post(base, "api/tasks", { processor: "base", input, taskSpec: { output_schema: output }, ...more }, key);
  return { id, url };
}

/** Waits until the page of a unit has seen its end, however it ended, and its script has run. */
export const hasEnded = (tab) => tab.waitForFunction(() => document.querySelector("#tools:not([hidden])") && !document.body.dataset.events);
