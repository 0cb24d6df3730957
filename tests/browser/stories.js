// The web app in a browser, as its users meet it: one story after the other, each told in a line, "ok    " before those that went well.
//
// With MULTITASK and CHROMIUM set to the two programs; words as arguments choose the stories whose names have them. Pictures of every page go
// into the directory that PICTURES names, if it does. Invariant: a story waits for what it tells of, never for time.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import app from "./stories/app.js";
import forms from "./stories/forms.js";
import hostile from "./stories/hostile.js";
import list from "./stories/list.js";
import looks from "./stories/looks.js";
import owners from "./stories/owners.js";
import results from "./stories/results.js";
import streams from "./stories/streams.js";
import { page, service } from "./world.js";

const stories = { ...app, ...forms, ...list, ...results, ...owners, ...hostile, ...looks, ...streams };
const pictures = process.env.PICTURES;

if (pictures) await mkdir(pictures, { recursive: true });
const wanted = process.argv.slice(2);
const shared = await service();
let failed = 0;
for (const [name, story] of Object.entries(stories)) {
  if (wanted.length && !wanted.some((word) => name.includes(word))) continue;
  const opened = [];
  const allowed = [];
  const open = async (look) => {
    opened.push(await page(look));
    return opened.at(-1);
  };
  try {
    await story({ open, url: shared.url, allow: (pattern) => allowed.push(pattern) });
    const seen = opened.flatMap((one) => one.seen).filter((line) => !allowed.some((pattern) => pattern.test(line)));
    assert.deepEqual(seen, [], "what no page may say");
    console.log(`ok    ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}\n${error.stack}`);
    console.log(`seen: ${JSON.stringify(opened.flatMap((one) => one.seen))}; at ${opened.map((one) => one.tab.url())}`);
  }
  await Promise.all(opened.map((one) => one.close()));
}
await shared.stop();
process.exitCode = failed ? 1 : 0;
