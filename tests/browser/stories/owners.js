// What an owner does with a unit on its page: cancel, retry, add, delete, look at deliveries; and what is said to who may not.

import assert from "node:assert/strict";
import { group, hasEnded, post, task } from "../steps.js";
import { receiver, service } from "../world.js";

const [OWN, OTHER] = ["token-of-the-owner-0123", "token-of-somebody-else-4567"];

export default {
  "a group is cancelled, what failed is tried again, and rows are added, on its page": async ({ open, url }) => {
    const { tab } = await open();
    const made = await group(url, [{ n: 1 }, { n: 2, simulate: "never" }, { n: 3, simulate: "fail" }]);
    await tab.goto(made.url);
    await tab.locator("#r0 .pill[data-status=completed]").waitFor();
    await tab.getByRole("button", { name: "Cancel" }).click();
    await hasEnded(tab);
    assert.equal(await tab.locator("#status").getAttribute("data-status"), "cancelled");
    assert.equal(await tab.getByRole("button", { name: "Cancel" }).count(), 0);
    assert.equal(await tab.getByRole("button", { name: "Add rows" }).count(), 0, "what was given up takes no rows");
    const sent = tab.waitForRequest((asked) => asked.url().endsWith("/retry"));
    await tab.getByRole("button", { name: "Retry failed (2)" }).click();
    assert.match((await sent).headers()["idempotency-key"], /^[0-9a-f]{32}$/);
    await tab.waitForFunction(() => Boolean(document.body?.dataset.events));
    await post(url, `${made.id}/cancel`, {});
    await hasEnded(tab);

    const other = await group(url, [{ n: 1 }]);
    await tab.goto(other.url);
    await hasEnded(tab);
    await tab.getByRole("button", { name: "Add rows" }).click();
    const field = tab.getByLabel("Rows to add, as CSV or JSON");
    assert.equal(await field.evaluate((node) => node === document.activeElement), true);
    await field.fill('n\n2\n"not closed');
    await tab.getByText("A quotation mark is opened and never closed.").waitFor();
    await field.fill("n\n2\n3");
    await tab.getByText("2 rows", { exact: true }).waitFor();
    await tab.getByRole("button", { name: "Add these rows" }).click();
    await tab.locator("#r2").waitFor();
    await hasEnded(tab);
    assert.equal(await tab.locator("tbody .pill[data-status=completed]").count(), 3);
  },

  "a page does not come anew under the hands of who is typing": async ({ open, url }) => {
    const { tab } = await open();
    const made = await group(url, [{ n: 1 }, { n: 2, simulate: "never" }]);
    await tab.goto(made.url);
    await tab.getByRole("button", { name: "Add rows" }).click();
    await tab.getByLabel("Rows to add, as CSV or JSON").fill("n\n7");
    await post(url, `${made.id}/cancel`, {});
    await tab.getByText("There is news").waitFor();
    assert.equal(await tab.getByLabel("Rows to add, as CSV or JSON").inputValue(), "n\n7");
    await tab.getByRole("button", { name: "Close" }).click();
    await hasEnded(tab);
  },

  "a task is deleted after a question, and its owner is led to the list": async ({ open, url }) => {
    const { tab } = await open();
    const made = await task(url, "Stripe", { type: "text" });
    await tab.goto(made.url);
    await hasEnded(tab);
    await tab.getByRole("button", { name: "Delete", exact: true }).click();
    await tab.getByRole("button", { name: "Keep it" }).click();
    assert.equal(await tab.getByRole("button", { name: "Delete it" }).count(), 0);
    assert.equal((await fetch(made.url)).status, 200);
    await tab.getByRole("button", { name: "Delete", exact: true }).click();
    await tab.getByRole("button", { name: "Delete it" }).click();
    await tab.waitForURL(`${url}/?show=list`);
    assert.equal((await fetch(made.url)).status, 404);
  },

  "deliveries are shown with their attempts and made once more": async ({ open }) => {
    const hook = await receiver(500, 200);
    const own = await service(["--allow-host", hook.host]);
    try {
      const { tab } = await open();
      const made = await group(own.url, [{ n: 1 }], { webhook_url: `${hook.url}?token=of-the-hook` });
      await tab.goto(made.url);
      await hasEnded(tab);
      await tab.getByRole("button", { name: "Deliveries" }).click();
      const row = tab.locator("#log tr");
      // the first attempt fails, the second follows by itself
      await row.getByText("Delivered").waitFor();
      assert.match(await row.innerText(), /1\. .* answered 500, after \d+ ms\s+2\. .* answered 200/);
      await row.getByRole("button", { name: "Redeliver" }).click();
      await row.getByText(/3\. .* answered 200/).waitFor();
      assert.equal(hook.bodies.length, 3);
      await tab.locator("#deliveries").getByRole("button", { name: "Close" }).click();
      assert.equal(await tab.getByRole("button", { name: "Deliveries" }).getAttribute("aria-expanded"), "false");
      const page = await fetch(`${made.url}.html`).then((answer) => answer.text());
      assert.ok(!page.includes("of-the-hook"));
    } finally {
      await own.stop();
      await hook.stop();
    }
  },

  "who has the URL alone reads everything and changes nothing, and is told so in words": async ({ open, allow }) => {
    const variables = { PARALLEL_API_KEY: "server-key-of-this-story", MULTITASK_ACCESS_TOKENS: `${OWN},${OTHER}`, PARALLEL_BASE_URL: "simulator" };
    const own = await service([], { variables });
    try {
      allow(/401|403/);
      const { tab } = await open();
      const made = await group(own.url, [{ n: 1 }, { n: 2, simulate: "fail" }], {}, OWN);
      await tab.goto(made.url);
      await hasEnded(tab);
      assert.equal(await tab.locator("tbody tr").count(), 2);
      await tab.getByRole("button", { name: "Retry failed (1)" }).click();
      await tab.getByText("This is its owner\u2019s to do. Type the key with which it was made.").waitFor();
      const field = tab.getByLabel("Key", { exact: true });
      assert.equal(await field.evaluate((node) => node === document.activeElement), true);
      await field.fill(OTHER);
      await tab.keyboard.press("Enter");
      await tab.getByText("the key that this browser keeps is another\u2019s").waitFor();
      assert.equal(await tab.locator("tbody tr").count(), 2);
      const done = tab.waitForResponse((answer) => answer.url().endsWith("/retry") && answer.ok());
      await field.fill(OWN);
      await tab.getByRole("button", { name: "Use this key" }).click();
      assert.equal((await done).request().headers()["x-api-key"], OWN);
      // it is done, and the key is kept where the app looks for it, and nowhere else
      const known = await fetch(`${made.url}?wait=30`, { headers: { accept: "application/json" } }).then((answer) => answer.json());
      assert.equal(known.runs[1].attempt, 2);
      await tab.waitForFunction(() => !document.getElementById("told")?.classList.contains("wrong") && document.getElementById("asking")?.hidden);
      assert.equal(await tab.evaluate(() => sessionStorage.getItem("multitask-key")), OWN);
      assert.equal(await tab.evaluate(() => localStorage.length), 0);
      await hasEnded(tab);
      assert.ok(!(await tab.content()).includes(OWN) && !own.log.join("\n").includes(OWN));
      await tab.goto(`${own.url}/?show=list`);
      await tab.getByRole("link", { name: "Group of 2 rows" }).waitFor();
    } finally {
      await own.stop();
    }
  },
};
