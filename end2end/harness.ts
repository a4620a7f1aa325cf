// What every test begins with: a server of its own with empty data, and a page that tells on itself.
//
//   test("a person can …", async ({ page, server }) => { await signIn(page, server.admin); … });
import { test as base, type Browser, type BrowserContext, type Page } from "@playwright/test";
import { Agent } from "./harness/agent.ts";
import { Server } from "./harness/server.ts";
import { Shell } from "./harness/shell.ts";
import { Trouble } from "./harness/trouble.ts";

export { expect } from "@playwright/test";
export { Agent } from "./harness/agent.ts";
export { Api, VCLUSTERS } from "./harness/api.ts";
export { findings } from "./harness/axe.ts";
export * from "./harness/page.ts";
export { Server, type Person } from "./harness/server.ts";
export { Shell } from "./harness/shell.ts";

interface Fixtures {
  /** More variables of the server: `test.use({ serverEnv: { … } })`. */
  serverEnv: Record<string, string>;
  /** A fresh server. It is stopped at the end, and has to stop in order. */
  server: Server;
  /** What went wrong in any page of the test. What is not allowed in time fails the test. */
  trouble: Trouble;
  /** The page of another person: another browser profile, with nothing in common but the server. */
  newPerson: () => Promise<Page>;
  /** A terminal on the machine of somebody who has nothing set up yet. */
  newShell: () => Promise<Shell>;
  /** The place of another region; `run` starts its agent. */
  newAgent: () => Promise<Agent>;
}

export const test = base.extend<Fixtures>({
  serverEnv: [{}, { option: true }],

  server: async ({ serverEnv }, use, info) => {
    const server = await Server.start(serverEnv);
    await use(server);
    try {
      await server.close();
    } finally {
      if (info.status !== info.expectedStatus) console.log(server.log);
    }
  },

  baseURL: async ({ server }, use) => use(server.url),

  trouble: async ({}, use, info) => {
    const trouble = new Trouble();
    await use(trouble);
    // A failed test has its own reason, and its pages were cut off in the middle.
    if (info.status === info.expectedStatus) trouble.check();
  },

  context: async ({ context, trouble }, use) => {
    trouble.watch(context);
    await use(context);
  },

  newPerson: async ({ browser, server, trouble }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async () => {
      const context = await newProfile(browser, server.url);
      contexts.push(context);
      trouble.watch(context);
      return context.newPage();
    });
    for (const context of contexts) await context.close();
  },

  newShell: async ({}, use) => {
    const shells: Shell[] = [];
    await use(async () => {
      const shell = await Shell.open();
      shells.push(shell);
      return shell;
    });
    for (const shell of shells) await shell.close();
  },

  newAgent: async ({ server }, use, info) => {
    // Before the server ends: the agents hold connections to it.
    void server;
    const agents: Agent[] = [];
    await use(async () => {
      const agent = await Agent.prepare();
      agents.push(agent);
      return agent;
    });
    if (info.status !== info.expectedStatus) for (const agent of agents) console.log(agent.log);
    for (const agent of agents) await agent.close();
  },
});

/** Playwright gives the options of the configuration to its own context only. */
async function newProfile(browser: Browser, baseURL: string): Promise<BrowserContext> {
  return browser.newContext({
    baseURL,
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    timezoneId: "UTC",
    permissions: ["clipboard-read", "clipboard-write"],
  });
}
