// The list of what is one's own: found however far down, narrowed, and asked for no more often than somebody looks.

import assert from "node:assert/strict";
import { isOver, UNIT } from "../steps.js";
import { service, violations } from "../world.js";

const LIST = /\/api\/tasks\?/;
const post = (base, path, body) =>
  fetch(base + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }).then((answer) => answer.json());

/** A unit as a list shows it. */
const unit = (id, more = {}) => ({
  id: id.padEnd(26, "a"), kind: "task", status: "completed", progress: 100, processor: "lite", metadata: {}, inputPreview: "A kiln", runs: 1,
  visibility: "link", createdAt: "2026-01-31T12:00:00Z", url: "task/x", ...more,
});

/** Answers the list with these parts, one request after the other; the last says that it is the last. */
async function parts(tab, all, before = () => undefined) {
  const asked = [];
  await tab.route(LIST, async (route) => {
    const query = new URL(route.request().url()).searchParams;
    const at = Number(query.get("cursor") ?? 0);
    asked.push(Object.fromEntries(query));
    await before(at);
    const next_cursor = at + 1 < all.length ? String(at + 1) : null;
    // whoever was stopped waits for no answer
    await route.fulfill({ json: { tasks: all[at], count: all[at].length, next_cursor } }).catch(() => undefined);
  });
  return asked;
}

export default {
  "a search goes on by itself until it has found or the list ends": async ({ open, url }) => {
    const { tab } = await open();
    const asked = await parts(tab, [[], [], [unit("b")], [], [unit("c")]]);
    await tab.goto(`${url}/?show=list&q=kiln`);
    await tab.getByText("2 are shown.").waitFor();
    assert.deepEqual(asked.map(({ cursor, limit, q }) => [cursor, limit, q].join()), [",25,kiln", "1,25,kiln", "2,25,kiln", "3,24,kiln", "4,24,kiln"]);
    assert.ok(await tab.getByRole("button", { name: "Older" }).isDisabled());
    assert.ok(await tab.locator("#stop").isHidden());
    const again = tab.waitForResponse((answer) => answer.url().includes("cursor=4"));
    await tab.getByRole("button", { name: "Refresh" }).click();
    await again;
    assert.equal(asked.length, 10);
  },

  "a search can be stopped, and goes on from there": async ({ open, url }) => {
    const { tab } = await open();
    let release;
    const held = new Promise((resolve) => (release = resolve));
    await parts(tab, [[unit("b")], [], [], [unit("c")]], (at) => at === 2 && held);
    await tab.goto(`${url}/?show=list&q=kiln`);
    await tab.getByText("Looking further: 2 parts of the list so far, 1 found").waitFor();
    await tab.getByRole("button", { name: "Stop" }).click();
    await tab.getByText("Stopped; 1 found so far.").waitFor();
    assert.deepEqual(await violations(tab), []);
    release();
    await tab.unroute(LIST);
    const asked = await parts(tab, [[unit("b")], [], [], [unit("c")]]);
    await tab.getByRole("button", { name: "Older" }).click();
    await tab.getByText("1 is shown.").waitFor();
    assert.deepEqual(asked.map(({ cursor }) => cursor), ["2", "3"]);
  },

  "each filter narrows the list and stands in the address": async ({ open, allow }) => {
    allow(/422/);
    const own = await service(["--speed", "0.5"]);
    try {
      const { tab } = await open();
      const wanted = await post(own.url, "/api/tasks", { input: "the kiln", processor: "core-fast", metadata: { batch: "b=1" } });
      await post(own.url, "/v1beta/tasks/groups", { inputs: ["a"], output_type: "text", processor: "lite", metadata: { batch: "b2" } });
      await tab.goto(`${own.url}/?show=list`);
      await tab.getByText("2 are shown.").waitFor();
      const only = async () => {
        await tab.getByText("1 is shown.").waitFor();
        await tab.locator("#units").getByText(wanted.id).waitFor();
      };
      await tab.getByText("More filters").click();
      await tab.getByLabel("Processor").selectOption("core-fast");
      await only();
      await tab.getByLabel("Processor").selectOption("lite");
      await tab.getByText("Group of 1 row").waitFor();
      await tab.getByLabel("Processor").selectOption("");
      await tab.getByText("2 are shown.").waitFor();
      await tab.getByLabel("Kind").selectOption("task");
      await only();
      await tab.getByLabel("Kind").selectOption("");
      await tab.getByText("2 are shown.").waitFor();
      await tab.getByLabel("Metadata").fill("batch");
      await tab.getByText("Write it as name=value.").waitFor();
      await tab.getByLabel("Metadata").fill("batch=b=1");
      await only();
      // the days are those of whoever looks
      const today = await tab.evaluate(() => new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 10));
      await tab.getByLabel("Created from").fill(today);
      await tab.getByLabel("Created until").fill(today);
      await only();
      await tab.getByLabel("Created until").fill("2026-01-01");
      await tab.getByText("lies after to").waitFor();
      await tab.getByLabel("Created from").fill("2026-01-01");
      await tab.getByText("Nothing fits.").waitFor();
      assert.match(tab.url(), /from=2026-01-01&to=2026-01-01&entry=batch%3Db%3D1/);
      await tab.reload();
      await tab.getByText("Nothing fits.").waitFor();
      assert.equal(await tab.getByLabel("Metadata").inputValue(), "batch=b=1");
    } finally {
      await own.stop();
    }
  },

  "a list that nobody looks at is not asked for": async ({ open, url }) => {
    const { tab } = await open();
    await tab.clock.install();
    const asked = await parts(tab, [[unit("b")]]);
    const look = (isHidden) =>
      tab.evaluate((isHidden) => {
        Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, isHidden);
    await tab.goto(`${url}/?show=list`);
    await tab.getByText("1 is shown.").waitFor();
    const second = tab.waitForResponse(LIST);
    await tab.clock.runFor(4_100);
    await second;
    await look(true);
    await tab.clock.runFor(60_000);
    assert.equal(asked.length, 2);
    const third = tab.waitForResponse(LIST);
    await look(false);
    await third;
    assert.equal(asked.length, 3);
  },

  "trouble is told, what was there stays, and the page tries again": async ({ open, url, allow }) => {
    const { tab } = await open();
    allow(/Failed to load resource/);
    await parts(tab, [[unit("b")]]);
    await tab.goto(`${url}/?show=list`);
    await tab.getByText("1 is shown.").waitFor();
    await tab.unroute(LIST);
    await tab.route(LIST, (route) => route.abort());
    await tab.getByRole("button", { name: "Refresh" }).click();
    await tab.locator("#told.wrong").getByText("could not be reached").waitFor();
    assert.equal(await tab.locator("#units tr").count(), 1);
    await tab.unroute(LIST);
    await parts(tab, [[unit("b"), unit("c")]]);
    await tab.getByText("2 are shown.").waitFor();
    assert.equal(await tab.locator("#told.wrong").count(), 0);
  },

  "a row is opened by keyboard and by a click anywhere on it": async ({ open }) => {
    const own = await service();
    try {
      const { tab } = await open();
      const made = await post(own.url, "/api/tasks", { input: "the kiln", processor: "lite" });
      await tab.goto(`${own.url}/?show=list`);
      await tab.locator("#units tr").waitFor();
      await tab.locator("#refresh").focus();
      for (let presses = 0; presses < 5 && !(await tab.evaluate(() => document.activeElement.matches("#units a"))); presses++) await tab.keyboard.press("Tab");
      await tab.keyboard.press("Enter");
      await tab.waitForURL(UNIT);
      assert.equal(tab.url(), made.url);
      await tab.goBack();
      await tab.locator("#units .pill").click();
      await tab.waitForURL(UNIT);
      await isOver(tab);
    } finally {
      await own.stop();
    }
  },
};
