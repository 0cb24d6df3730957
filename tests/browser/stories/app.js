// The web app: its forms, its list, its key.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isOver, statusOf, UNIT } from "../steps.js";
import { proxy, service, violations } from "../world.js";

const SLOW = ["--speed", "4"];

export default {
  "one click on the first page gives the result of a task": async ({ open, url }) => {
    const { tab } = await open();
    await tab.goto(url);
    await tab.getByRole("button", { name: "Run", exact: true }).click();
    await tab.waitForURL(UNIT);
    await isOver(tab);
    assert.match(await tab.locator("main").innerText(), /founded/);
  },

  "a group is created from the form and its rows come in live": async ({ open }) => {
    const slow = await service(SLOW);
    try {
      const { tab, requests } = await open();
      await tab.goto(`${slow.url}/?show=group`);
      const rows = Array.from({ length: 12 }, (_, at) => `Company ${at},SE`).join("\n");
      await tab.getByLabel("Rows, as CSV or JSON").fill(`company,country\n${rows}\n"Quoted, and ""so""",NL\n`);
      await tab.getByText("13 rows, 2 columns; the first 5 are shown").waitFor();
      await tab.getByText("13 rows with base cost $0.13").waitFor();
      await tab.getByRole("button", { name: "Create the group" }).click();
      await tab.waitForURL(UNIT);
      const loads = () => requests.filter((asked) => UNIT.test(asked)).length;
      assert.notEqual(await statusOf(tab), "completed");
      // a row is over while another is not: it came in without the page being loaded anew
      await tab.waitForFunction(() => {
        const words = [...document.querySelectorAll("tbody .pill")].map((pill) => pill.dataset.status);
        return words.includes("completed") && words.some((word) => word !== "completed");
      });
      // all are bought by then, and the page says so of each without being loaded anew
      await tab.waitForFunction(() => !document.querySelector("tbody .pill[data-status=pending]"));
      const early = loads();
      await tab.reload();
      assert.ok(loads() > early);
      await isOver(tab);
      assert.equal(await tab.locator("tbody .pill[data-status=completed]").count(), 13);
      assert.ok((await tab.locator("#r12").innerText()).includes('Quoted, and "so"'));
    } finally {
      await slow.stop();
    }
  },

  "hostile outputs are shown as text and run nothing": async ({ open, url, seen }) => {
    const { tab } = await open();
    await tab.addInitScript(() => {
      window.ran = false;
      window.alert = () => (window.ran = true);
    });
    await tab.goto(`${url}/?show=group`);
    const rows = Array.from({ length: 30 }, (_, at) => ({ company: `<img src=x onerror=alert(${at})>`, simulate: "hostile" }));
    await tab.getByLabel("Rows, as CSV or JSON").fill(JSON.stringify(rows));
    await tab.getByRole("button", { name: "Create the group" }).click();
    await tab.waitForURL(UNIT);
    await isOver(tab);
    await tab.waitForLoadState("networkidle");
    const text = await tab.locator("main").innerText();
    assert.ok(text.includes("<img src=x onerror=alert(0)>") && text.includes("<script>alert('output')</script>"));
    for (const summary of await tab.locator("td summary").all()) await summary.click();
    const links = await tab.locator("a").evaluateAll((all) => all.map((link) => link.protocol));
    assert.ok(links.every((protocol) => ["http:", "https:"].includes(protocol)), String(links));
    await tab.goto(`${url}/?show=list`);
    await tab.getByRole("link", { name: "Group of 30 rows" }).first().waitFor();
    assert.equal(await tab.evaluate(() => window.ran), false);
    assert.equal(await tab.locator("img").count(), 0);
  },

  "a form is filled and sent by keyboard alone": async ({ open, url }) => {
    const { tab } = await open();
    await tab.goto(url);
    await tab.evaluate(() => document.activeElement.blur());
    const focused = () => tab.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.id ?? "");
    const reach = async (test) => {
      for (let presses = 0; presses < 60; presses++) {
        if (await tab.evaluate(test)) return;
        await tab.keyboard.press("Tab");
      }
      assert.fail(`not reached; the focus is at ${await focused()}`);
    };
    await reach(() => document.activeElement.id === "input");
    await tab.keyboard.press("ControlOrMeta+a");
    await tab.keyboard.type("Klarna, the bank");
    await reach(() => document.activeElement.textContent === "Add a field");
    await tab.keyboard.press("Enter");
    assert.equal(await tab.evaluate(() => document.activeElement.dataset.field), "name");
    await tab.keyboard.type("seat");
    await reach(() => document.activeElement.textContent.startsWith("Sources"));
    await tab.keyboard.press("Enter");
    await reach(() => document.activeElement.id === "include");
    await tab.keyboard.type("https://nature.com/\n.edu\n");
    assert.deepEqual(await tab.locator("#include-chips li").allTextContents(), ["nature.com\u00d7", ".edu\u00d7"]);
    await reach(() => document.activeElement.id === "send");
    const sent = tab.waitForRequest((asked) => asked.method() === "POST" && asked.url().endsWith("/api/tasks"));
    await tab.keyboard.press("Enter");
    const body = (await sent).postDataJSON();
    assert.equal(body.input, "Klarna, the bank");
    assert.deepEqual(Object.keys(body.taskSpec.output_schema.json_schema.properties), ["founded", "chief_executive", "products", "seat"]);
    assert.deepEqual(body.source_policy, { include_domains: ["nature.com", ".edu"] });
    await tab.waitForURL(UNIT);
  },

  "every fault stands beside its field, whether the form or the service found it": async ({ open, url, allow }) => {
    const { tab } = await open();
    allow(/422/);
    await tab.goto(url);
    await tab.getByText("Sources:").click();
    await tab.locator("#include").fill("website");
    await tab.locator("#include").press("Enter");
    await tab.getByText("MCP servers:").click();
    await tab.getByRole("button", { name: "Add a server" }).click();
    await tab.locator("[data-row=server] [data-field=name]").fill("wiki");
    await tab.locator("[data-row=server] [data-field=url]").fill("ftp://wiki.example");
    await tab.getByRole("radio", { name: "JSON Schema" }).check();
    await tab.getByLabel("JSON Schema of the output").fill("{");
    await tab.getByRole("button", { name: "Run", exact: true }).click();
    await tab.getByText("This is no JSON").waitFor();
    assert.equal(await tab.evaluate(() => document.activeElement.id), "schema");
    await tab.getByLabel("JSON Schema of the output").fill('{"type": "array"}');
    await tab.getByRole("button", { name: "Run", exact: true }).click();
    await tab.getByText('/type must be "object" at the root').first().waitFor();
    await tab.getByLabel("JSON Schema of the output").fill('{"type": "object", "properties": {"a": {"type": "string"}}}');
    await tab.getByRole("button", { name: "Run", exact: true }).click();
    await tab.locator("[data-row=server] .fault").waitFor();
    assert.equal(await tab.locator("[data-row=server] [data-field=url]").getAttribute("aria-invalid"), "true");
    assert.equal(await tab.locator("#include-chips .fault").count() > 0, true);
    assert.equal(await tab.locator("[data-row=server] [aria-invalid=true]").count(), 1);
    assert.deepEqual(await violations(tab), []);
    assert.ok(!UNIT.test(tab.url()));
  },

  "the command to copy makes what the form makes": async ({ open, url }) => {
    const { tab } = await open();
    for (const show of ["", "?show=group"]) {
      await tab.goto(`${url}/${show}`);
      await tab.getByText("The same from a terminal").click();
      const command = await tab.locator("#curl").innerText();
      const [, address] = /^curl -X POST (\S+)/.exec(command);
      const [, body] = /-d '([^]*)'$/.exec(command);
      assert.ok(!command.includes("x-api-key"), command);
      const answer = await fetch(address, { method: "POST", headers: { "content-type": "application/json" }, body });
      assert.equal(answer.status, 202, await answer.clone().text());
    }
  },

  "the list finds, filters and changes what is there": async ({ open }) => {
    const own = await service(["--speed", "0.5"]);
    try {
      const { tab } = await open();
      await tab.goto(`${own.url}/?show=list`);
      await tab.getByText("There is nothing yet.").waitFor();
      const post = (path, body) =>
        fetch(own.url + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }).then((answer) => answer.json());
      const wanted = await post("/v1beta/tasks/groups", { inputs: ["a"], output_type: "text", processor: "lite", metadata: { project: "kiln" } });
      for (let at = 0; at < 30; at++) await post("/v1beta/tasks/groups", { inputs: [`row ${at}`], output_type: "text", processor: "lite" });
      // the page asks again by itself
      await tab.getByText("There is nothing yet.").waitFor({ state: "hidden" });
      await tab.reload();
      await tab.getByText("25 are shown.").waitFor();
      await tab.getByRole("button", { name: "Older" }).click();
      await tab.getByText("6 are shown.").waitFor();
      await tab.getByRole("button", { name: "Newer" }).click();
      await tab.getByText("25 are shown.").waitFor();
      await tab.getByLabel("Search").fill("kiln");
      await tab.getByText("1 is shown.").waitFor();
      await tab.getByText(wanted.taskgroup_id).waitFor();
      await tab.getByRole("button", { name: /^Cancel/ }).click();
      await tab.locator(".pill[data-status=cancelled]").waitFor();
      await tab.getByLabel("Status").selectOption("completed");
      await tab.getByText("Nothing fits.").waitFor();
      assert.match(tab.url(), /q=kiln&status=completed/);
    } finally {
      await own.stop();
    }
  },

  "a key is asked for, kept in the tab, and stands nowhere else": async ({ open, allow }) => {
    const key = "sk-of-this-story-0123456789";
    const own = await service([], { variables: { PARALLEL_API_KEY: "server-key-of-this-story", MULTITASK_ACCESS_TOKENS: key, PARALLEL_BASE_URL: "simulator" } });
    try {
      allow(/401/);
      const { tab } = await open();
      await tab.goto(`${own.url}/?show=list`);
      await tab.locator("#told.wrong").waitFor();
      await tab.locator("#key").fill(key);
      await tab.locator("#key").press("Tab");
      await tab.getByText("There is nothing yet.").waitFor();
      await tab.getByRole("link", { name: "A group" }).click();
      // the cost is told only to who has a key, so the page has found it again
      await tab.getByText("3 rows with base cost").waitFor();
      assert.equal(await tab.locator("#key").inputValue(), key);
      assert.ok(!(await tab.locator("#curl").innerText({ timeout: 1000 }).catch(() => "")).includes(key));
      await tab.getByRole("button", { name: "Create the group" }).click();
      await tab.waitForURL(UNIT);
      await isOver(tab);
      assert.ok(!(await tab.content()).includes(key));
      assert.equal(await tab.evaluate(() => localStorage.length), 0);
      assert.ok(!own.log.join("\n").includes(key));
      for (const name of await readdir(own.directory, { recursive: true })) {
        const bytes = await readFile(join(own.directory, name)).catch(() => Buffer.of());
        assert.ok(!bytes.includes(key), name);
      }
    } finally {
      await own.stop();
    }
  },

  "the app works behind a path, with and without its slash": async ({ open }) => {
    let target;
    const front = await proxy("/prod", () => target);
    const own = await service([], { base: front.url });
    target = own.listens;
    try {
      const { tab, requests } = await open();
      for (const start of [front.url, `${front.url}/`]) {
        await tab.goto(start);
        await tab.getByRole("link", { name: "A group" }).click();
        await tab.getByText("3 rows with base cost").waitFor();
        await tab.getByRole("button", { name: "Create the group" }).click();
        await tab.waitForURL(UNIT);
        await isOver(tab);
      }
      await tab.goto(`${front.url}/?show=list`);
      await tab.getByText("2 are shown.").waitFor();
      await tab.getByRole("link", { name: "Group of 3 rows" }).first().click();
      await tab.waitForURL(UNIT);
      const strangers = requests.filter((asked) => !asked.startsWith(front.url) && !asked.startsWith("data:"));
      assert.deepEqual(strangers, []);
    } finally {
      await own.stop();
      await front.stop();
    }
  },
};
