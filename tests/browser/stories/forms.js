// What the forms send, what they say of a schema, and what they keep to themselves.

import assert from "node:assert/strict";
import { UNIT } from "../steps.js";
import { service, violations } from "../world.js";

/** Fills the form on the page as it is told, a value for each id. */
async function fill(tab, values) {
  for (const [id, value] of Object.entries(values)) await tab.locator(`#${id}`).fill(value);
}

/** Opens everything that is folded away. */
async function unfold(tab) {
  for (const summary of await tab.locator("form summary").all()) await summary.click();
}

/** What the form sends when it is sent; the service never gets it. */
async function sent(tab, path) {
  const body = new Promise((resolve) =>
    tab.route(`**/${path}`, (route) => {
      if (route.request().method() !== "POST") return route.continue();
      resolve(route.request().postDataJSON());
      return route.fulfill({ status: 422, contentType: "application/problem+json", body: '{"detail": "Not today."}' });
    }),
  );
  await tab.locator("#send").click();
  await tab.getByText("Not today.").waitFor();
  return body;
}

const text = { type: "string" };
const object = (properties, more = {}) => ({ type: "object", properties, required: Object.keys(properties), additionalProperties: false, ...more });

const NESTED = object({
  name: { type: "string", description: "Its name" },
  size: { type: ["integer", "null"] },
  stage: { type: ["string", "null"], enum: ["seed", "grown", null] },
  sites: { type: "array", items: text },
  figures: { type: ["array", "null"], items: { type: "number" } },
  seat: object({ city: text, country: object({ code: text }) }, { description: "Where it is" }),
  people: { type: "array", description: "Who leads it", items: object({ name: text, roles: { type: "array", items: object({ title: text }) } }) },
});

/** Chooses how the output is said; a click, since a choice that cannot be made falls back. */
const choose = (tab, name) => tab.getByRole("radiogroup", { name: "Kind of output" }).getByRole("radio", { name, exact: true }).click();
const schemaOf = async (tab) => JSON.parse(await tab.locator("#schema").inputValue());

export default {
  "all that stands in the form of a task is sent by its name": async ({ open, url, allow }) => {
    const { tab } = await open();
    allow(/422/);
    await tab.goto(url);
    await unfold(tab);
    await tab.locator("#processor").selectOption("ultra2x-fast");
    await tab.locator("#deep").check();
    await fill(tab, { input: "Kilns", most: "2.50", timeout: "600", age: "24", webhook: "https://hooks.example/x", interaction: "trun_1", include: "nature.com .edu\n", after: "2026-01-31" });
    await tab.locator("#retries").selectOption("2");
    await fill(tab, { "input-schema": "the name of a company" });
    await tab.getByRole("radio", { name: "Only with my key" }).check();
    await tab.locator("#follow").uncheck();
    for (const [name, value] of [["batch", "b1"], ["__proto__", "x"]]) {
      await tab.getByRole("button", { name: "Add an entry" }).click();
      await tab.locator("[data-row=metadata]").last().locator("[data-field=name]").fill(name);
      await tab.locator("[data-row=metadata]").last().locator("[data-field=value]").fill(value);
    }
    await choose(tab, "Text");
    await fill(tab, { description: "A page about them" });
    const body = await sent(tab, "api/tasks");
    assert.deepEqual(Object.entries(body.metadata), [["batch", "b1"], ["__proto__", "x"]]);
    assert.deepEqual({ ...body, metadata: undefined }, {
      processor: "ultra2x-fast", mode: "deep_research", input: "Kilns", max_cost_usd: 2.5, metadata: undefined,
      taskSpec: { output_schema: { type: "text", description: "A page about them" }, input_schema: "the name of a company" },
      source_policy: { include_domains: ["nature.com", ".edu"], after_date: "2026-01-31" },
      timeout_seconds: 600, retry_failed: 2, cache: { max_age_hours: 24 }, visibility: "key",
      webhook_url: "https://hooks.example/x", previous_interaction_id: "trun_1", enable_events: false,
    });
    assert.deepEqual(await violations(tab), []);
  },

  "all that stands in the form of a group is sent by its name": async ({ open, url, allow }) => {
    const { tab } = await open();
    allow(/422/);
    await tab.goto(`${url}/?show=group`);
    await unfold(tab);
    await tab.locator("#processor").selectOption("");
    await fill(tab, { rows: '[{"company": "Stripe"}, {"company": "Klarna"}]', most: "1", skip: "1", take: "1", "input-schema": JSON.stringify(object({ company: text })) });
    await tab.locator("#retries").selectOption("1");
    await choose(tab, "Fields, in words");
    await fill(tab, { description: "The year of founding" });
    const body = await sent(tab, "v1beta/tasks/groups");
    assert.deepEqual(body, {
      inputs: [{ company: "Stripe" }, { company: "Klarna" }], output_type: "json", output_description: "The year of founding",
      input_schema: object({ company: text }), max_cost_usd: 1, offset: 1, limit: 1, retry_failed: 1,
    });
  },

  "the values of a server's headers stand in the request and nowhere else": async ({ open, url, allow }) => {
    const secret = "a-secret-of-this-story";
    const { tab } = await open();
    allow(/422/);
    await tab.goto(url);
    await tab.getByText("MCP servers:").click();
    await tab.getByRole("button", { name: "Add a server" }).click();
    await tab.locator("[data-row=server] [data-field=name]").first().fill("wiki");
    await tab.locator("[data-row=server] [data-field=url]").fill("https://mcp.example/x");
    await tab.locator("[data-row=server] [data-field=tools]").fill("search, read");
    for (const name of ["Authorization", "X-Api-Key"]) {
      await tab.getByRole("button", { name: "Add a header" }).click();
      await tab.locator("[data-row=header]").last().locator("[data-field=name]").fill(name);
      await tab.locator("[data-row=header]").last().locator("[data-field=value]").fill(`${secret}-${name}`);
    }
    await tab.getByText("The same from a terminal").click();
    const command = await tab.locator("#curl").innerText();
    assert.match(command, /"Authorization": "YOUR_AUTHORIZATION",\s+"X-Api-Key": "YOUR_X_API_KEY"/);
    const { mcp_servers: servers } = await sent(tab, "api/tasks");
    const headers = { Authorization: `${secret}-Authorization`, "X-Api-Key": `${secret}-X-Api-Key` };
    assert.deepEqual(servers, [{ type: "url", name: "wiki", url: "https://mcp.example/x", headers, allowed_tools: ["search", "read"] }]);
    const kept = await tab.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, location.href]));
    assert.ok(!`${command}${kept}${await tab.content()}`.includes(secret));
  },

  "a nested schema is the same on its way to fields and back": async ({ open, url }) => {
    const { tab } = await open();
    await tab.goto(url);
    await choose(tab, "JSON Schema");
    await tab.locator("#schema").fill(JSON.stringify(NESTED));
    await choose(tab, "Fields");
    assert.equal(await tab.locator("[data-row=field]").count(), 13);
    assert.equal(await tab.locator("#turned").innerText(), "");
    await choose(tab, "JSON Schema");
    assert.deepEqual(await schemaOf(tab), NESTED);
    // what is changed in either view is there in the other
    await choose(tab, "Fields");
    await tab.getByRole("button", { name: "Add a field inside" }).last().click();
    await tab.keyboard.type("since");
    await choose(tab, "Text");
    await choose(tab, "JSON Schema");
    const { properties } = (await schemaOf(tab)).properties.people.items;
    assert.deepEqual(properties.since, text);
    assert.deepEqual(await violations(tab), []);
  },

  "a schema that fields cannot show stays one, and the form says why": async ({ open, url }) => {
    const { tab } = await open();
    await tab.goto(url);
    for (const [schema, why] of [
      [object({ a: { anyOf: [text, { type: "null" }] } }), "\u201ca\u201d is not of one type"],
      [object({ a: object({ b: { ...text, pattern: "x" } }) }), "\u201ca.b\u201d has \u201cpattern\u201d"],
      [object({ a: { type: "array", items: { type: "array", items: text } } }), "\u201ca\u201d is a list of something else"],
      [object({ a: { type: "string", enum: ["x, y"] } }), "\u201ca\u201d has values that are no plain texts"],
      [object({ a: { type: "array", items: object({ b: text }, { description: "lost" }) } }), "\u201ca\u201d has \u201cdescription\u201d"],
      [object({ a: text }, { description: "about" }), "the schema has \u201cdescription\u201d"],
      [object({ a: text }, { additionalProperties: text }), "the schema says what further fields are"],
      ["{", "This is no JSON"],
    ]) {
      await choose(tab, "JSON Schema");
      const given = typeof schema === "string" ? schema : JSON.stringify(schema);
      await tab.locator("#schema").fill(given);
      await choose(tab, "Fields");
      await tab.locator("#turned").getByText(why).waitFor();
      assert.ok(await tab.getByRole("radio", { name: "JSON Schema" }).isChecked());
      assert.equal(await tab.locator("#schema").inputValue(), given);
    }
    await tab.locator("#schema").fill(JSON.stringify({ type: "object", properties: { a: text } }));
    await choose(tab, "Fields");
    await tab.getByText("all of them are required").waitFor();
  },

  "the form and the service judge a schema alike": async ({ open, url }) => {
    const { tab } = await open();
    await tab.goto(url);
    const deep = (levels) => (levels === 1 ? object({ x: text }) : object({ x: deep(levels - 1) }));
    const many = (count) => object(Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, text])));
    const choices = (count, length) => object({ x: { enum: Array.from({ length: count }, (_, at) => String(at).padStart(length, "0")) } });
    const schemas = [
      object({ a: text }), [], "x", { type: "string" }, { properties: { a: text } }, object({}), { type: "object" }, { type: "object", properties: [] },
      { ...object({ a: text }), anyOf: [] }, object({ a: { type: "null" } }), object({ a: { anyOf: [text, { type: "null" }] } }), object({ a: { type: "strng" } }),
      object({ a: { type: ["string", 1] } }), object({ "a/b~c": { ...text, format: "date", minLength: 1 } }), object({ a: { type: "array", items: { ...text, pattern: "x" } } }),
      object({ a: { type: "array", items: object({}) } }), object({ a: true }), object({ a: { enum: [] } }), object({ a: text }, { required: true }), object({ a: text }, { required: [] }),
      object({ a: text }, { additionalProperties: { type: "null" } }), object({ sources: text }), deep(5), deep(6), many(100), many(101), choices(300, 25), choices(300, 26), choices(501, 3),
      object({ a: { const: "c".repeat(24_999) } }), object({ a: { $defs: { b: { maxItems: 1 } }, type: "string" } }), object({ a: { type: "array", prefixItems: [{ type: "null" }] } }), NESTED,
    ];
    for (const schema of schemas) {
      const seen = await tab.evaluate(async (schema) => {
        const { faultsOf, warningsOf } = await import("./assets/schema.js");
        const told = ({ pointer, message }) => `/output_schema${pointer}: ${message}`;
        return { faults: faultsOf(schema).map(told), warnings: warningsOf(schema).map(told) };
      }, schema);
      const body = JSON.stringify({ rows: 1, output_type: "json", output_schema: schema });
      const answer = await fetch(`${url}/v1beta/tasks/estimate`, { method: "POST", headers: { "content-type": "application/json" }, body });
      const { errors = [], warnings } = await answer.json();
      // the length of the whole specification is the service's own to count
      const faults = errors.filter(({ detail }) => !detail.includes("the task specification")).map(({ pointer, detail }) => `${pointer}: ${detail}`);
      const short = JSON.stringify(schema).slice(0, 200);
      assert.deepEqual(seen.faults.toSorted(), faults.toSorted(), short);
      if (answer.ok) assert.deepEqual(seen.warnings.toSorted(), warnings.toSorted(), short);
    }
  },

  "a fault of a field inside another stands beside it": async ({ open, url }) => {
    const { tab } = await open();
    await tab.goto(url);
    await tab.getByRole("button", { name: "Add a field", exact: true }).click();
    const outer = tab.locator("#field-rows > li").last();
    await outer.locator("[data-field=name]").first().fill("people");
    await outer.locator("[data-field=type]").first().selectOption("objects");
    await outer.getByRole("button", { name: "Add a field inside" }).click();
    const inner = outer.locator(".nested li");
    // named as one outside, which has no fault
    await inner.nth(0).locator("[data-field=name]").fill("founded");
    await inner.nth(1).locator("[data-field=name]").fill("founded");
    await tab.locator("#send").click();
    await inner.nth(1).getByText("There is a field of this name already.").waitFor();
    assert.equal(await tab.locator(".fault").count(), 1);
    assert.ok(await inner.nth(1).locator("[data-field=name]").evaluate((field) => field === document.activeElement));
    assert.deepEqual(await violations(tab), []);
  },

  "a processor too small for what is asked is told before anything is sent": async ({ open, url, allow }) => {
    const { tab } = await open();
    allow(/422/);
    await tab.goto(url);
    await tab.getByText("base costs $0.01 a run").waitFor();
    await tab.locator("#deep").check();
    await tab.getByText("base is too small for deep_research").waitFor();
    await tab.locator("#processor").selectOption("pro");
    await tab.getByText("pro costs $0.10 a run").waitFor();
    await tab.locator("#deep").uncheck();
    await tab.locator("#processor").selectOption("lite");
    await choose(tab, "Whatever fits");
    await tab.locator("#send").click();
    await tab.locator("[data-place~='/processor']").getByText("lite is too small for auto output").waitFor();
  },

  "the example is one click away whatever was typed": async ({ open, url }) => {
    const { tab } = await open();
    for (const show of ["", "?show=group"]) {
      await tab.goto(`${url}/${show}`);
      const command = await tab.locator("#curl").textContent();
      await choose(tab, "Whatever fits");
      await tab.locator("#processor").selectOption("ultra");
      await tab.locator("#most").fill("7");
      const changed = tab.waitForEvent("load");
      await tab.getByRole("link", { name: "Start over with the example" }).click();
      await changed;
      await tab.waitForFunction((command) => document.getElementById("curl").textContent === command, command);
      assert.equal(await tab.locator("#most").inputValue(), "");
    }
  },

  "what only its key opens is read from the list": async ({ open }) => {
    const key = "sk-of-this-story-0123456789";
    const own = await service([], { variables: { PARALLEL_API_KEY: "server-key-of-this-story", MULTITASK_ACCESS_TOKENS: key, PARALLEL_BASE_URL: "simulator" } });
    try {
      const { tab } = await open();
      await tab.goto(own.url);
      await tab.locator("#key").fill(key);
      await tab.getByText("More:").click();
      await tab.getByRole("radio", { name: "Only with my key" }).check();
      await tab.getByText("Its URL alone opens nothing").waitFor();
      await tab.locator("#send").click();
      await tab.waitForURL(/show=list&q=[a-z2-7]{26}/);
      await tab.locator(".pill[data-status=completed]").waitFor();
      const id = new URL(tab.url()).searchParams.get("q");
      assert.equal((await fetch(`${own.url}/task/${id}.json`)).status, 401);
      const saved = tab.waitForEvent("download");
      await tab.getByRole("button", { name: /^JSON/ }).click();
      assert.equal((await saved).suggestedFilename(), `${id}.json`);
      await tab.getByText("It is saved as a file.").waitFor();
      assert.equal(await tab.locator("#units a").count(), 0);
      assert.ok(!UNIT.test(tab.url()));
    } finally {
      await own.stop();
    }
  },
};
