// Every page in light, in dark and on a narrow screen: what axe-core sees, and whether it fits.

import assert from "node:assert/strict";
import { join } from "node:path";
import { create, group as unit, hasEnded, isOver, post, task, UNIT } from "../steps.js";
import { receiver, service, violations } from "../world.js";

const pictures = process.env.PICTURES;
const stories = {};

for (const [name, look] of [["light", {}], ["dark", { dark: true }], ["a narrow screen", { width: 390 }]]) {
  stories[`no page has a fault that axe-core sees: ${name}`] = async ({ open, url }) => {
    // transitions of colour would be seen half way
    const { tab } = await open({ ...look, calm: true });
    const checked = async (what) => {
      if (pictures) await tab.screenshot({ path: join(pictures, `${what}-${name.replaceAll(" ", "-")}.png`), fullPage: true });
      assert.deepEqual(await violations(tab), [], what);
      const width = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(width <= 0, `${what} is ${width} pixels too wide`);
    };
    await tab.goto(url);
    for (const summary of await tab.locator("summary").all()) await summary.click();
    for (const name of ["Add a field", "Add a server", "Add a header", "Add an entry"]) {
      await tab.getByRole("button", { name, exact: true }).click();
    }
    await checked("task");
    await tab.locator("#include").fill(Array.from({ length: 30 }, (_, at) => `a-website-of-a-long-name-${at}.example.com`).join(" "));
    await tab.locator("#include").press("Enter");
    await tab.locator("#field-rows > li").last().locator("[data-field=type]").first().selectOption("objects");
    await tab.locator("#field-rows > li").last().locator("[data-field=description]").first().fill("a text without an end ".repeat(20));
    await tab.locator("[data-row=header] [data-field=value]").fill("without a name");
    await tab.locator("#timeout").fill("soon");
    await tab.locator("#send").click();
    await tab.locator(".fault").first().waitFor();
    await checked("task-faults");
    await tab.getByRole("button", { name: "Run", exact: true }).scrollIntoViewIfNeeded();
    await create(tab, url);
    await isOver(tab);
    await tab.waitForLoadState("networkidle");
    await checked("group-result");
    await tab.goto(`${url}/?show=group`);
    await tab.getByText("3 rows with base cost").waitFor();
    await checked("group");
    await tab.goto(url);
    await tab.getByRole("button", { name: "Run", exact: true }).click();
    await tab.waitForURL(UNIT);
    await isOver(tab);
    await tab.waitForLoadState("networkidle");
    await checked("task-result");
    for (const name of ["Text", "JSON"]) {
      await tab.getByRole("tab", { name }).click();
      await checked(`task-result-${name.toLowerCase()}`);
    }
    await tab.goto(`${url}/?show=list`);
    await tab.locator("#units tr").first().waitFor();
    await tab.getByText("More filters").click();
    await tab.locator("#entry").fill("no value");
    await tab.locator("#entry-fault").waitFor();
    await checked("list");
    const hook = await receiver(200);
    const own = await service(["--allow-host", hook.host]);
    try {
      const rows = [{ company: "Stripe" }, { company: "שלום, עולם" }, { company: "x".repeat(200), simulate: "fail" }];
      const running = await unit(own.url, [...rows, { company: "Klarna", simulate: "never" }], { webhook_url: hook.url });
      await tab.goto(running.url);
      await tab.locator("#r0 .pill[data-status=completed]").waitFor();
      await checked("group-running");
      await post(own.url, `${running.id}/cancel`, {});
      await hasEnded(tab);
      const many = await unit(own.url, Array.from({ length: 500 }, (_, at) => ({ n: at })));
      await tab.goto(many.url);
      await hasEnded(tab);
      await checked("group-of-many");
      const partial = await unit(own.url, rows, { webhook_url: hook.url });
      await tab.goto(partial.url);
      await hasEnded(tab);
      // every tool is open, and the key is asked for
      for (const name of ["Add rows", "Deliveries", "Delete"]) await tab.getByRole("button", { name, exact: true }).click();
      await tab.locator("#log").getByText("Delivered").waitFor();
      await tab.locator("#asking").evaluate((panel) => {
        panel.hidden = false;
        panel.querySelector("#why").textContent = "This is its owner\u2019s to do.";
      });
      await tab.getByRole("columnheader", { name: "input company" }).getByRole("button").click();
      await tab.getByLabel("Find in input and output").fill("str");
      await tab.getByText("1 of 3 rows shown").waitFor();
      await checked("group-tools");
      const over = await task(own.url, "simulate:fail Stripe", { type: "text" });
      await tab.goto(over.url);
      await hasEnded(tab);
      await checked("task-failed");
    } finally {
      await own.stop();
      await hook.stop();
    }
  };
}

export default stories;
