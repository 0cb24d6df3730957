// The pages of groups and tasks, as whoever has their URL reads them: rows found and sorted, a result in three views, live and at the end, small and large.

import assert from "node:assert/strict";
import { group, hasEnded, isOver, post, task } from "../steps.js";
import { service } from "../world.js";

const shown = (tab, column) =>
  tab.locator("tbody tr:not([hidden])").evaluateAll((rows, column) => rows.map((row) => row.cells[column].textContent.trim()), column);
const sortBy = (tab, name) => tab.getByRole("columnheader", { name }).getByRole("button").click();
const TEXT = { type: "text", description: "A report" };

export default {
  "rows are found by words and by status, and the page says how many": async ({ open, url }) => {
    const { tab } = await open();
    const names = ["Kiln Works", "kiln & Sons", "Glaze", "Broken Kiln"];
    const made = await group(url, names.map((company, at) => ({ company, simulate: at === 3 ? "fail" : "" })));
    await tab.goto(made.url);
    await hasEnded(tab);
    const said = tab.locator("#shown");
    assert.equal(await said.textContent(), "4 rows, all shown");
    assert.equal(await said.getAttribute("role"), "status");
    await tab.getByLabel("Find in input and output").fill("KILN");
    await tab.getByText("3 of 4 rows shown").waitFor();
    assert.deepEqual(await shown(tab, 2), ["Kiln Works", "kiln & Sons", "Broken Kiln"]);
    await tab.getByLabel("Find in input and output").fill("kiln sons");
    await tab.getByText("1 of 4 rows shown").waitFor();
    await tab.getByLabel("Find in input and output").fill("kiln");
    await tab.getByText("3 of 4 rows shown").waitFor();
    await tab.getByLabel("Status").selectOption("failed");
    await tab.getByText("1 of 4 rows shown").waitFor();
    assert.deepEqual(await shown(tab, 2), ["Broken Kiln"]);
    // what was chosen lasts, and can be passed on
    await tab.waitForURL(/#q=kiln&status=failed$/);
    await tab.reload();
    await tab.getByText("1 of 4 rows shown").waitFor();
    assert.equal(await tab.getByLabel("Status").inputValue(), "failed");
    await tab.getByLabel("Find in input and output").fill("no such thing");
    await tab.getByText("0 of 4 rows shown").waitFor();
  },

  "columns sort numbers as numbers and empty cells last, by keyboard too, and back to the order of the input": async ({ open, url }) => {
    const { tab } = await open();
    const inputs = [10, null, 9, "b", 2, "A"].map((n, at) => ({ n, at }));
    const made = await group(url, inputs);
    await tab.goto(made.url);
    await hasEnded(tab);
    const head = tab.getByRole("columnheader", { name: "input n" });
    const order = () => shown(tab, 2);
    await sortBy(tab, "input n");
    assert.deepEqual(await order(), ["2", "9", "10", "A", "b", "\u2013"]);
    assert.equal(await head.getAttribute("aria-sort"), "ascending");
    await head.getByRole("button").focus();
    await tab.keyboard.press("Enter");
    assert.deepEqual(await order(), ["b", "A", "10", "9", "2", "\u2013"]);
    assert.equal(await head.getAttribute("aria-sort"), "descending");
    await tab.keyboard.press("Space");
    assert.deepEqual(await order(), ["10", "\u2013", "9", "b", "2", "A"]);
    assert.equal(await tab.locator("[aria-sort]").count(), 0);
    await sortBy(tab, "#");
    assert.deepEqual(await shown(tab, 0), ["6", "5", "4", "3", "2", "1"]);
    await sortBy(tab, "#");
    assert.equal(await tab.locator("[aria-sort]").count(), 0, "the order of the input is no sorting");
    const years = async () => (await shown(tab, 4)).map(Number);
    await sortBy(tab, "output founded");
    const up = await years();
    assert.deepEqual(up, [...up].sort((a, b) => a - b));
  },

  "rows that come in while a filter is set and a column sorted find their place": async ({ open }) => {
    const slow = await service(["--speed", "12"]);
    try {
      const { tab, requests } = await open();
      const inputs = Array.from({ length: 9 }, (_, at) => ({ n: 9 - at, simulate: at === 8 ? "never" : "" }));
      const made = await group(slow.url, inputs);
      await tab.goto(`${made.url}#status=completed&sort=2`);
      await tab.locator("#shown").waitFor();
      await tab.getByText("0 of 9 rows shown").waitFor();
      const loads = requests.filter((asked) => asked.startsWith(made.url)).length;
      await tab.getByText("8 of 9 rows shown").waitFor();
      assert.deepEqual(await shown(tab, 2), ["2", "3", "4", "5", "6", "7", "8", "9"]);
      assert.equal(requests.filter((asked) => asked.startsWith(made.url)).length - loads <= 1, true, "no page was loaded anew");
      assert.equal(await tab.evaluate(() => Boolean(document.body.dataset.events)), true);
      await post(slow.url, `${made.id}/cancel`, {});
      await hasEnded(tab);
      await tab.getByText("8 of 9 rows shown").waitFor();
      assert.match(tab.url(), /#status=completed&sort=2$/, "the end of the group loses no choice");
    } finally {
      await slow.stop();
    }
  },

  "rows are filtered at an address that is not the public one": async ({ open }) => {
    const own = await service([], { base: "http://multitask.invalid" });
    try {
      const { tab } = await open();
      const made = await group(own.listens, [{ n: 1 }, { n: 2 }]);
      await fetch(`${own.listens}/${made.id}?wait=30`);
      await tab.goto(`${own.listens}/${made.id}`);
      await tab.getByLabel("Status").selectOption("failed");
      await tab.getByText("0 of 2 rows shown").waitFor();
      await tab.waitForURL(`${own.listens}/${made.id}#status=failed`);
      await tab.getByLabel("Status").selectOption("");
      await tab.waitForURL(`${own.listens}/${made.id}`);
    } finally {
      await own.stop();
    }
  },

  "ten thousand rows are filtered and sorted": async ({ open }) => {
    const own = await service(["--speed", "400"]);
    try {
      const { tab } = await open();
      const inputs = Array.from({ length: 10_000 }, (_, at) => ({ company: `Company ${at}`, rank: 10_000 - at }));
      const made = await group(own.url, inputs);
      await tab.goto(made.url);
      // what the upstream's quota lets through in the first minute is enough; the rest is given up, so that it ends
      await tab.waitForFunction(() => Number(document.querySelector("[data-count=completed] b")?.textContent) >= 1000);
      await post(own.url, `${made.id}/cancel`, {});
      await hasEnded(tab);
      await tab.getByText("10,000 rows, all shown").waitFor();
      const done = await tab.locator("tbody .pill[data-status=completed]").count();
      assert.ok(done >= 1000 && done < 10_000, String(done));
      await tab.getByLabel("Status").selectOption("completed");
      await tab.getByText(`${done.toLocaleString("en")} of 10,000 rows shown`).waitFor();
      assert.equal(await tab.locator("tbody tr:not([hidden])").count(), done);
      await tab.getByLabel("Status").selectOption("");
      await tab.getByLabel("Find in input and output").fill("company 998");
      await tab.waitForFunction(() => /^\d+ of/.test(document.getElementById("shown").textContent));
      const found = await shown(tab, 2);
      assert.ok(found.includes("Company 998") && found.includes("Company 9987"), String(found));
      await tab.getByLabel("Find in input and output").fill("");
      await tab.getByText("10,000 rows, all shown").waitFor();
      await sortBy(tab, "input rank");
      const first = tab.locator("tbody tr").first();
      assert.equal(await first.locator("td").nth(1).innerText(), "Company 9999");
      assert.equal(await tab.locator("tbody tr").last().locator("td").nth(1).textContent(), "Company 0");
      await first.scrollIntoViewIfNeeded();
      await sortBy(tab, "input rank");
      assert.equal(await first.locator("td").nth(1).innerText(), "Company 0");
      assert.equal(await tab.locator("tbody tr").count(), 10_000);
      // sources are not carried along; they come when they are asked for
      await tab.locator("tbody a.src").first().click();
      await tab.locator("tbody .basis dt").first().waitFor();
      assert.match(await tab.locator("tbody .basis").first().innerText(), /founded/);
    } finally {
      await own.stop();
    }
  },

  "a report is rendered from Markdown, and stands as a table and as JSON behind tabs": async ({ open, url }) => {
    const { tab } = await open();
    const made = await task(url, "Stripe", TEXT);
    await tab.goto(made.url);
    await isOver(tab);
    const tabOf = (name) => tab.getByRole("tab", { name });
    assert.equal(await tabOf("Text").getAttribute("aria-selected"), "true");
    const panel = tab.getByRole("tabpanel");
    assert.equal(await panel.count(), 1);
    assert.ok((await panel.locator(".prose h3").count()) > 0 && (await panel.locator("li strong").count()) > 0);
    await tabOf("Text").focus();
    await tab.keyboard.press("ArrowRight");
    assert.equal(await tabOf("JSON").evaluate((node) => node === document.activeElement), true);
    const json = JSON.parse(await panel.locator("pre").innerText());
    assert.equal(json.type, "text");
    await tab.keyboard.press("ArrowRight");
    assert.equal(await tabOf("Table").getAttribute("aria-selected"), "true");
    assert.ok((await panel.innerText()).includes(json.content.split("\n")[0]));
    await tab.keyboard.press("End");
    assert.equal(await tabOf("JSON").getAttribute("tabindex"), "0");
    assert.equal(await tabOf("Table").getAttribute("tabindex"), "-1");
  },

  "without JavaScript everything is there to be read, and no tool is seen": async ({ open, url }) => {
    const made = await task(url, "Klarna", TEXT);
    await fetch(`${made.url}?wait=30`);
    const { tab } = await open({ scripts: false });
    await tab.goto(made.url);
    const text = await tab.locator("main").innerText();
    for (const part of ["Result", "Table", "Text", "JSON", '"content"', "Timeline", "Elapsed", "trun_"]) assert.ok(text.includes(part), part);
    assert.equal(await tab.getByRole("button").count(), 0);
    await tab.getByRole("link", { name: "Multitask" }).click();
    await tab.waitForURL(`${url}/`);
  },

  "the id, the link and the run's id are copied, and the way back leads to the app": async ({ open, url }) => {
    const { tab } = await open();
    const made = await task(url, "Adyen", TEXT);
    await tab.goto(made.url);
    await isOver(tab);
    const copied = async (label) => {
      await tab.getByRole("button", { name: label }).click();
      await tab.getByRole("button", { name: "Copied" }).waitFor();
      await tab.getByRole("button", { name: label }).waitFor();
      return tab.evaluate(() => navigator.clipboard.readText());
    };
    assert.equal(await copied("Copy id"), made.id);
    assert.equal(await copied("Copy link"), made.url);
    const { task: known } = await fetch(`${url}/task/${made.id}.json`).then((answer) => answer.json());
    assert.equal(await copied("Copy run id"), known.runId);
    assert.equal(await tab.locator("#run").innerText(), known.runId);
    for (const [name, address] of [["One task", "/"], ["A group", "/?show=group"], ["All of yours", "/?show=list"]]) {
      await tab.goto(made.url);
      await tab.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();
      await tab.waitForURL(url + address);
    }
  },

  "elapsed time runs while a task does, and stands still at its end": async ({ open, url }) => {
    const { tab } = await open();
    const made = await task(url, "simulate:never Stripe", TEXT);
    await tab.goto(made.url);
    const elapsed = tab.locator("#elapsed");
    const before = await elapsed.innerText();
    await tab.waitForFunction((before) => document.getElementById("elapsed").textContent !== before, before);
    await post(url, `${made.id}/cancel`, {});
    await hasEnded(tab);
    const { task: known } = await fetch(`${url}/task/${made.id}.json`).then((answer) => answer.json());
    const seconds = Math.floor((Date.parse(known.completedAt) - Date.parse(known.createdAt)) / 1000);
    assert.equal(await elapsed.innerText(), `${seconds} s`);
  },

  "a live page goes on when the service comes back": async ({ open, allow }) => {
    const own = await service();
    try {
      allow(/ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING)/);
      const { tab } = await open();
      const made = await group(own.url, [{ n: 1, simulate: "never" }]);
      await tab.goto(made.url);
      await tab.locator("[data-count=running]:not([hidden]), [data-count=queued]:not([hidden])").waitFor();
      const refused = tab.waitForEvent("requestfailed", (request) => /events/.test(request.url()) && /REFUSED/.test(request.failure().errorText));
      await own.end("SIGTERM");
      await refused;
      await own.startAgain();
      await post(own.url, `${made.id}/cancel`, {});
      await hasEnded(tab);
      assert.equal(await tab.locator("#status").getAttribute("data-status"), "cancelled");
    } finally {
      await own.stop();
    }
  },

  "messages of kinds that nobody knows come in live, numbers move, and a cut stream is taken up behind its last event": async ({ open, url }) => {
    const { tab } = await open();
    const made = await task(url, "simulate:never Adyen", TEXT);
    const frame = (id, name, data) => `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
    const stats = (considered, read) => ({ source_stats: { num_sources_considered: considered, num_sources_read: read, sources_read_sample: ["https://a.example/x", "javascript:alert(1)"] } });
    const asked = [];
    const bodies = [
      frame("7.1", "task_run.novelty", { payload: { n: 1 } }) + frame("7.2", "task_run.progress_msg.brand_new", { message: "<b>Never seen</b>", timestamp: "2026-01-01T10:00:00Z" }) +
        frame("7.3", "task_run.progress_stats", stats(3, 1)) + frame("7.4", "constructor", { odd: true }) + "event: cut\nid: 9.9\ndata: {",
      frame("7.5", "task_run.progress_stats", stats(41, 12)),
    ];
    await tab.route("**/events?*", (route) => {
      asked.push(new URL(route.request().url()).searchParams.get("last_event_id"));
      const body = bodies.shift();
      return body === undefined ? route.fulfill({ status: 204 }) : route.fulfill({ contentType: "text/event-stream", body });
    });
    await tab.goto(made.url);
    await tab.getByText('{"payload":{"n":1}}').waitFor();
    await tab.locator("#timeline .pill", { hasText: "brand new" }).waitFor();
    await tab.getByText("<b>Never seen</b>").waitFor();
    await tab.getByText('{"odd":true}').waitFor();
    await tab.waitForFunction(() => document.getElementById("considered").textContent === "41" && document.getElementById("read").textContent === "12");
    assert.equal(await tab.locator("#sample a").count(), 1);
    assert.deepEqual(asked.slice(1, 2), ["7.4"], "behind the last whole event");
    await post(url, `${made.id}/cancel`, {});
  },

  "the page of a result of twelve megabytes stays small, and says where the whole is": async ({ open, url }) => {
    const { tab } = await open();
    const made = await task(url, "simulate:huge Stripe", TEXT);
    await tab.goto(made.url);
    await isOver(tab);
    const html = await fetch(`${made.url}.html`).then((answer) => answer.text());
    assert.ok(html.length < 1_000_000, String(html.length));
    await tab.getByText("whole in the Markdown").waitFor();
    await tab.getByRole("tab", { name: "JSON" }).click();
    const link = tab.getByRole("tabpanel").getByRole("link", { name: "JSON" });
    const whole = await fetch(await link.evaluate((node) => node.href)).then((answer) => answer.text());
    assert.ok(Buffer.byteLength(whole) > 12_000_000);
    await tab.getByRole("tab", { name: "Table" }).click();
    await tab.getByText("whole in the JSON").first().waitFor();
  },
};
