// Two browsers at once, for two cores. No retries: a test that fails now and then is a bug.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { defineConfig } from "@playwright/test";

const here = fileURLToPath(new URL(".", import.meta.url));

export default defineConfig({
  outputDir: "test-results",
  fullyParallel: true,
  workers: 2,
  retries: 0,
  forbidOnly: !!process.env.CI,
  timeout: 60_000,
  // Generous on purpose: two browsers, two servers and kubectl share two cores.
  expect: { timeout: 10_000, toMatchAriaSnapshot: { pathTemplate: "{testDir}/snapshots/{arg}{ext}" } },
  reporter: [["list"]],
  use: {
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    timezoneId: "UTC",
    permissions: ["clipboard-read", "clipboard-write"],
    actionTimeout: 10_000,
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: execFileSync(`${here}../.tools/chromium`, { encoding: "utf8" }).trim(),
      args: [
        // The tests run as root in a container, where Chromium's own sandbox cannot be.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  projects: [
    { name: "tests", testDir: "tests" },
    { name: "screenshots", testDir: ".", testMatch: "screenshots.ts" },
    { name: "bench", testDir: ".", testMatch: "bench.ts" },
  ],
});
