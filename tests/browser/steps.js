// Steps and words that several stories share.

export const UNIT = /\/[a-z2-7]{26}$/;

/** The status that a result page shows. */
export const statusOf = (tab) => tab.locator("#status").getAttribute("data-status");

/** Waits for the end of a unit: a page that has seen it comes once more, without events to follow. */
export const isOver = (tab) =>
  tab.waitForFunction(() => document.getElementById("status")?.dataset.status === "completed" && !document.body.dataset.events);

/** Creates the group that the form begins with, and goes to its page. */
export async function create(tab, base) {
  await tab.goto(`${base}/?show=group`);
  await tab.getByRole("button", { name: "Create the group" }).click();
  await tab.waitForURL(UNIT);
}
