// Every page in light, in dark and on a narrow screen: what axe-core sees, and whether it fits.

import assert from "node:assert/strict";
import { join } from "node:path";
import { create, isOver, UNIT } from "../steps.js";
import { violations } from "../world.js";

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
    for (const add of await tab.locator("[data-add]").all()) await add.click();
    await checked("task");
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
    await tab.goto(`${url}/?show=list`);
    await tab.locator("#units tr").first().waitFor();
    await checked("list");
  };
}

export default stories;
