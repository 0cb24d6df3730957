// A request to this service with the key that the app keeps, and its answer in one shape: { ok, status, body }.

// in the app's words: in the tab, unless it is to be remembered
const KEY = "multitask-key";
const key = () => localStorage.getItem(KEY) ?? sessionStorage.getItem(KEY) ?? "";

function keep(key, isRemembered) {
  for (const store of [sessionStorage, localStorage]) store.removeItem(KEY);
  if (key) (isRemembered ? localStorage : sessionStorage).setItem(KEY, key);
}

async function ask(method, path, { body, headers = {} } = {}) {
  const sent = { accept: "application/json", ...headers };
  if (key()) sent["x-api-key"] = key();
  if (body !== undefined) sent["content-type"] = "application/json";
  try {
    const answer = await fetch(path, { method, headers: sent, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await answer.text();
    return { ok: answer.ok, status: answer.status, body: text ? JSON.parse(text) : {} };
  } catch {
    return { ok: false, status: 0, body: { detail: "The service could not be reached, or answered with something that is not JSON." } };
  }
}

const random = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
