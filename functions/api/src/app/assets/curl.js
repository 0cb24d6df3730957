// The command that does what the form would do, without the key, ready to be copied.

import { byId } from "./parts.js";

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

export function draw(path, body) {
  const { base, credential } = document.body.dataset;
  const lines = [`curl -X POST ${base}/${path}`];
  if (credential) lines.push(`  -H 'x-api-key: ${credential}'`);
  lines.push("  -H 'content-type: application/json'", `  -d ${quoted(JSON.stringify(body, null, 2))}`);
  byId("curl").firstElementChild.textContent = lines.join(" \\\n");
}

export function start() {
  const button = byId("copy");
  button.addEventListener("click", async () => {
    const command = byId("curl").textContent;
    try {
      await navigator.clipboard.writeText(command);
      button.textContent = "Copied";
    } catch {
      // without a clipboard, as on a page without TLS, it is selected, so that one key copies it
      getSelection().selectAllChildren(byId("curl"));
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
}
