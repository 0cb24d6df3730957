// Everything that comes from a stranger made to attack: inputs, outputs, sources, messages and their kinds, reasons, names of fields, metadata.
// It is text wherever it is shown, while it comes in and afterwards.
//
// Invariant: a page runs nothing of it, asks nobody for it, and has no element, handler or address that it brought along.

import assert from "node:assert/strict";
import { isOver, UNIT } from "../steps.js";
import { violations } from "../world.js";

const TEXTS = [
  "<script>alert('output')</script>",
  "<img src=x onerror=alert(1)>",
  "[click](javascript:alert(3)) and ![x](javascript:alert(4))",
  "\"><svg/onload=alert(5)>",
  "' autofocus onfocus='alert(6)' x='",
  "<iframe srcdoc=\"<script>parent.alert(7)</script>\"></iframe>",
  "<base href=\"http://evil.example/\">",
  "<meta http-equiv=refresh content=\"0;url=http://evil.example/\">",
  "<style>@import 'http://evil.example/x.css'; body { display: none }</style>",
];
const KINDS = ["<img src=x onerror=alert(10)>", "constructor", "task_run.<script>alert(11)</script>", "__proto__\" onmouseover=\"alert(12)"];
/** Names of fields that a hostile schema asks for. */
const NAMES = ["<img src=x onerror=alert(13)>", "constructor", "toString", "__proto__x", "a\"b'c", "javascript:alert(14)", "</script><script>alert(15)</script>"];

/** What a task asks: each field of each form is an attack. */
const asked = (simulate) => ({
  processor: "ultra",
  input: { [NAMES[0]]: TEXTS[1], link: "javascript:alert(16)", simulate },
  taskSpec: {
    output_schema: {
      type: "json",
      json_schema: {
        type: "object",
        additionalProperties: false,
        required: [...NAMES, "rows"],
        properties: {
          ...Object.fromEntries(NAMES.map((name) => [name, { type: "string" }])),
          rows: { type: "array", items: { type: "object", additionalProperties: false, required: ["constructor"], properties: { constructor: { type: "string" } } } },
        },
      },
    },
  },
  metadata: { "<b>team</b>": TEXTS[0], link: "javascript:alert(17)" },
});

async function create(base, path, body) {
  const answer = await fetch(base + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  assert.equal(answer.status, 202, await answer.clone().text());
  const made = await answer.json();
  return made.id ?? made.taskgroup_id;
}

/** A page that would notice whatever runs. */
async function watched(open) {
  const opened = await open();
  await opened.tab.addInitScript(() => {
    window.ran = [];
    for (const name of ["alert", "confirm", "prompt", "open"]) window[name] = (...said) => window.ran.push([name, ...said]);
  });
  return opened;
}

/** Nothing on the page came along with the data. */
async function isHarmless(tab, requests, base, what) {
  const found = await tab.evaluate(() => {
    const all = [...document.querySelectorAll("*")];
    const strange = document.querySelectorAll("main :is(img, svg, math, iframe, object, embed, script, style, link, meta, base, form[action]), body base, body meta, body link, frame");
    return {
      ran: window.ran,
      strange: [...strange].map((node) => node.outerHTML.slice(0, 200)),
      handlers: all.flatMap((node) => node.getAttributeNames().filter((name) => name.startsWith("on")).map((name) => `${node.tagName} ${name}`)),
      addresses: all.filter((node) => node.href && node.tagName !== "LINK").map((node) => node.protocol ?? node.href).filter((protocol) => !/^https?:/.test(protocol)),
      base: document.baseURI,
      frames: frames.length,
    };
  });
  assert.deepEqual({ ...found, base: found.base.startsWith(base) }, { ran: [], strange: [], handlers: [], addresses: [], base: true, frames: 0 }, what);
  assert.deepEqual(requests.filter((asked) => !asked.startsWith(`${base}/`) && !asked.startsWith("data:image/svg+xml,")), [], what);
}

/** Opens whatever is folded, and shows all views. */
const unfold = (tab) =>
  tab.evaluate(() => {
    for (const details of document.querySelectorAll("details")) details.open = true;
    for (const view of document.querySelectorAll("[data-view]")) view.hidden = false;
  });

const hasAll = (text, wanted, what) => assert.deepEqual(wanted.filter((part) => !text.includes(part)), [], what);

export default {
  "whatever a task is told is text, while it comes in and when it is over": async ({ open, url }) => {
    const { tab, requests } = await watched(open);
    const id = await create(url, "/api/tasks", asked("hostile seconds=7"));
    await tab.goto(`${url}/task/${id}`);
    await tab.evaluate(() => (window.began = document.querySelectorAll("#timeline li").length));
    // twenty-four more entries came in by the page's own script: every text, and every kind
    await tab.waitForFunction(() => document.querySelectorAll("#timeline li").length >= window.began + 24 && document.querySelectorAll("#sample li").length > 0);
    const live = await tab.evaluate(() => [...document.querySelectorAll("#timeline li")].slice(window.began).map((line) => line.textContent).join("\n"));
    // what is told under an unknown kind is shown as the JSON that it is
    hasAll(live + live.replaceAll('\\"', '"'), TEXTS, "texts that came in live");
    hasAll(live + live.replaceAll('\\"', '"'), KINDS, "kinds that came in live");
    assert.ok((await tab.locator("#sample").innerText()).includes("javascript:alert(document.domain)"));
    await isHarmless(tab, requests, url, "live");
    assert.ok(await tab.evaluate(() => window.began !== undefined), "the page was not loaded anew");
    await isOver(tab);
    await tab.waitForLoadState("networkidle");
    await unfold(tab);
    const shown = await tab.locator("main").evaluate((main) => main.textContent);
    hasAll(shown, [...TEXTS, ...KINDS, ...NAMES, "<b>team</b>", "javascript:alert(16)", "javascript:alert(17)"], "what is over");
    await isHarmless(tab, requests, url, "over");
    assert.deepEqual(await violations(tab), []);
  },

  "why a task failed is text": async ({ open, url }) => {
    const { tab, requests } = await watched(open);
    const id = await create(url, "/api/tasks", asked("hostile fail"));
    await tab.goto(`${url}/task/${id}`);
    await tab.waitForFunction(() => document.getElementById("status")?.dataset.status === "failed" && !document.body.dataset.events);
    await unfold(tab);
    hasAll(await tab.locator("main").evaluate((main) => main.textContent), TEXTS, "the reason");
    await isHarmless(tab, requests, url, "failed");
  },

  "whatever the rows of a group hold is text, while they come in and when they are over": async ({ open, url }) => {
    const { tab, requests } = await watched(open);
    const inputs = Array.from({ length: 24 }, (_, at) => ({ [NAMES[0]]: TEXTS[at % TEXTS.length], constructor: "<b>", simulate: `hostile seconds=${1 + (at % 4)}${at % 8 === 7 ? " fail" : ""}` }));
    const schema = asked("").taskSpec.output_schema.json_schema;
    const id = await create(url, "/v1beta/tasks/groups", { inputs, output_type: "json", output_schema: schema, processor: "lite", metadata: { "<b>team</b>": TEXTS[0] } });
    await tab.goto(`${url}/${id}`);
    await tab.waitForFunction(() => document.querySelectorAll("tbody .pill[data-status=completed]").length > 5 && document.body.dataset.events);
    await isHarmless(tab, requests, url, "live");
    await tab.waitForFunction(() => document.getElementById("status")?.dataset.status === "partial" && !document.body.dataset.events);
    await unfold(tab);
    hasAll(await tab.locator("main").evaluate((main) => main.textContent), [...TEXTS, ...NAMES], "over");
    await isHarmless(tab, requests, url, "over");
  },

  "whatever a list shows is text": async ({ open, url }) => {
    const { tab, requests } = await watched(open);
    const id = await create(url, "/api/tasks", asked("hostile"));
    await tab.goto(`${url}/?show=list`);
    await tab.locator(`a[href$="${id}"]`).first().waitFor();
    hasAll(await tab.locator("main").evaluate((main) => main.textContent), [NAMES[0], "<b>team</b>"], "listed");
    await isHarmless(tab, requests, url, "listed");
    await tab.locator(`a[href$="${id}"]`).first().click();
    await tab.waitForURL(UNIT);
  },
};
