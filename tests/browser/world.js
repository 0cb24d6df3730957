// What a story needs: the program in a process of its own with a directory of its own, and a browser with a new profile that notes what it must not see.
//
// Whatever a page says on its console as an error, throws, or opens as a dialog is a fault of the story, at its end at the latest; so
// is a request to anybody but the service.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const QUIET = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
];
const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * The program, listening; `stop` ends it and removes what it kept. `variables` are its own, beside those of a clean environment.
 * `end` ends it by a signal and keeps what it has; `startAgain` starts it on that, at the address that it had.
 */
export async function service(options = [], { variables = {}, base } = {}) {
  const directory = await mkdtemp(join(tmpdir(), "multitask-browser-"));
  const errors = [];
  let running = await program("127.0.0.1:0", directory, base, options, variables, errors);
  const { address } = running;
  const end = async (signal) => {
    running.child.kill(signal);
    await running.exited;
  };
  const startAgain = async () => {
    running = await program(address, directory, base, options, variables, errors);
  };
  const stop = async () => {
    await end("SIGTERM");
    await rm(directory, { recursive: true, force: true });
  };
  const listens = `http://${address}`;
  return { url: base ?? listens, listens, log: errors, directory, end, startAgain, stop };
}

/** A process of the program, once it listens. */
async function program(listen, directory, base, options, variables, errors) {
  const named = base ? ["--public-url", base] : [];
  const line = ["--listen", listen, "--data-dir", directory, ...named, ...options];
  const child = spawn(process.env.MULTITASK, line, { env: { PATH: process.env.PATH, RUST_LOG: "info", ...variables }, stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const address = new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", () => {});
    createInterface({ input: child.stderr }).on("line", (text) => {
      errors.push(text);
      const found = /Multitask listens\.\s+address=(\S+)/.exec(text);
      if (found) resolve(found[1]);
    });
    exited.then((code) => reject(new Error(`the program ended with ${code}:\n${errors.join("\n")}`)));
  });
  return { child, exited, address: await address };
}

/** A reverse proxy that takes `prefix` off each path and passes the rest on to `target()`; an answer is passed on as it comes. */
export async function proxy(prefix, target) {
  const server = createServer((asked, answer) => {
    if (asked.url !== prefix && !asked.url.startsWith(`${prefix}/`) && !asked.url.startsWith(`${prefix}?`)) {
      return answer.writeHead(404).end();
    }
    const rest = asked.url.slice(prefix.length);
    const path = rest.startsWith("/") ? rest : `/${rest}`;
    const passed = request(`${target()}${path}`, { method: asked.method, headers: asked.headers }, (given) => {
      answer.writeHead(given.statusCode, given.headers);
      given.pipe(answer);
    });
    answer.on("close", () => passed.destroy());
    passed.on("error", () => answer.destroy());
    asked.pipe(passed);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve)));
  return { url: `http://127.0.0.1:${server.address().port}${prefix}`, stop };
}

/** A receiver of webhooks that answers with these statuses, the last of them from then on; `bodies` is what it was sent. */
export async function receiver(...statuses) {
  const bodies = [];
  const server = createServer((asked, answer) => {
    let text = "";
    asked.on("data", (piece) => (text += piece));
    asked.on("end", () => {
      answer.writeHead(statuses[Math.min(bodies.length, statuses.length - 1)]).end();
      bodies.push(text);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${server.address().port}`;
  const stop = () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve)));
  return { host, url: `http://${host}/hook`, bodies, stop };
}

/** A page of a browser that was started for it. `seen` is what it must not see, `requests` all that it asked for. */
export async function page({ dark = false, width = 1280, calm = false, scripts = true } = {}) {
  const profile = await mkdtemp(join(tmpdir(), "multitask-profile-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM,
    args: QUIET,
    viewport: { width, height: width < 600 ? 800 : 900 },
    colorScheme: dark ? "dark" : "light",
    javaScriptEnabled: scripts,
    permissions: ["clipboard-read", "clipboard-write"],
    reducedMotion: calm ? "reduce" : "no-preference",
  });
  const tab = context.pages()[0] ?? (await context.newPage());
  tab.setDefaultTimeout(20_000);
  const [seen, requests] = [[], []];
  tab.on("console", (message) => ["error", "warning"].includes(message.type()) && seen.push(`console: ${message.text()}`));
  tab.on("pageerror", (error) => seen.push(`thrown: ${error}`));
  tab.on("dialog", async (dialog) => {
    seen.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  tab.on("request", (asked) => requests.push(asked.url()));
  const close = async () => {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  };
  return { tab, seen, requests, close };
}

/** What axe-core finds wrong with the page as it stands, a line each. It is run beside the page's own scripts, so the page's policy stays as it is. */
export async function violations(tab) {
  const session = await tab.context().newCDPSession(tab);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId: contextId } = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id, worldName: "axe" });
  const run = async (expression) => {
    const { result, exceptionDetails } = await session.send("Runtime.evaluate", { expression, contextId, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  await run(`${AXE}; undefined`);
  const found = await run("axe.run(document).then(({ violations }) => violations)");
  await session.detach();
  return found.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.target.join(" ")).slice(0, 5).join(", ")}`);
}
