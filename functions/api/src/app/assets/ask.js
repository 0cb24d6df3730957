// A request to this service, and its answer in one shape: { ok, status, body }, where a problem is a body too.

import { credential } from "./key.js";

const problem = (detail) => ({ ok: false, status: 0, body: { detail } });

export async function ask(method, path, { body, headers = {}, signal } = {}) {
  const sent = { ...headers, ...credential(), accept: "application/json" };
  if (body !== undefined) sent["content-type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers: sent, signal, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return problem("The service could not be reached. Is the network there?");
  }
  const text = await answer.text().catch(() => "");
  try {
    return { ok: answer.ok, status: answer.status, body: text ? JSON.parse(text) : {} };
  } catch {
    return problem(`The service answered ${answer.status} with something that is not JSON.`);
  }
}

// a file of this service, fetched with the key; `detail` says why it cannot be had
export async function file(path) {
  try {
    const answer = await fetch(path, { headers: credential() });
    if (answer.ok) return { blob: await answer.blob() };
    const { detail } = await answer.json().catch(() => ({}));
    return { detail: detail ?? `The service answered ${answer.status}.` };
  } catch {
    return { detail: "The service could not be reached. Is the network there?" };
  }
}
