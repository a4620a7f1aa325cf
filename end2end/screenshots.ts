// Pictures of the real product with believable data: `make screenshots`. Those of the README go
// to screenshots/, every page at two widths in both themes to ../target/screenshots/, to be looked at.
import type { Page } from "@playwright/test";
import { Api, expect, openConnect, openPage, row, signIn, test, type Server } from "./harness.ts";
import { connectRegion } from "./harness/clusters.ts";
import { VIEWS } from "./views.ts";

const README = "screenshots";
const ALL = "../target/screenshots";

/** Who has which virtual clusters, and which of them sleep. */
const PEOPLE: { username: string; displayName: string; awake: string[]; asleep: string[] }[] = [
  { username: "dana", displayName: "Dana Kim", awake: ["storefront-dev", "checkout-ci"], asleep: ["load-test"] },
  { username: "ben", displayName: "Ben Adeyemi", awake: ["ml-notebooks"], asleep: ["docs-preview", "upgrade-trial"] },
  { username: "ines", displayName: "Inês Duarte", awake: ["onboarding-lab"], asleep: [] },
];

/** The regions of the pictures, and what is in them. */
const REGIONS: [string, string[]][] = [
  ["Europe 1", ["docs-preview", "storefront-dev", "checkout-ci"]],
  ["America 1", ["load-test", "ml-notebooks"]],
];

test.setTimeout(300_000);

async function fill(server: Server): Promise<void> {
  const admin = await server.api();
  await admin.addVcluster("calm-otter");
  for (const { username, displayName, awake, asleep } of PEOPLE) {
    const person = await admin.addUser(username, { displayName, email: `${username}@example.com` });
    const theirs = await Api.signIn(server.url, person);
    for (const name of [...awake, ...asleep]) await theirs.addVcluster(name);
    for (const name of asleep) await theirs.sleep(name);
  }
}

/** Looks the same in every picture: no caret, nothing in motion. */
async function shoot(page: Page, path: string): Promise<void> {
  await page.screenshot({ path, animations: "disabled", caret: "hide" });
}

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test.describe("for the README", () => {
      test.use({
        viewport: { width: 1200, height: 640 },
        deviceScaleFactor: 1.5,
      });

      test("list and Connect panel", async ({ page, server }) => {
        await fill(server);
        await signIn(page, server.admin);
        await expect(row(page, "ml-notebooks")).toContainText("Running");
        await shoot(page, `${README}/list-${colorScheme}.png`);
        await VIEWS.find((it) => it.name === "connect")?.open(page);
        await page.getByRole("dialog").getByRole("button", { name: "Make a key" }).click();
        await page.getByRole("button", { name: "Copy all" }).waitFor();
        await shoot(page, `${README}/connect-${colorScheme}.png`);
      });
    });

    test.describe("for the README, with regions", () => {
      test.use({
        viewport: { width: 1200, height: 640 },
        deviceScaleFactor: 1.5,
        // The browser is to trust the agents' own authorities, as it would one of a company.
        ignoreHTTPSErrors: true,
      });

      test("clusters and their way", async ({ page, server, newAgent }) => {
        const api = await server.api();
        await signIn(page, server.admin);
        for (const [title, names] of REGIONS) {
          await connectRegion(page, title, await newAgent());
          const main = page.getByRole("main");
          await main.getByRole("button", { name: "Test" }).click();
          await main.getByRole("switch", { name: "Prefer direct" }).click();
          await expect(main.getByRole("switch", { name: "Prefer direct" })).toBeChecked();
          const cluster = title.toLowerCase().replace(" ", "-");
          for (const name of names) await api.addVcluster(name, { clusterRef: { cluster } });
          await api.sleep(names[0] ?? "");
        }
        await openPage(page, "Clusters");
        await expect(row(page, "Europe 1")).toContainText("Direct ✓");
        await shoot(page, `${README}/clusters-${colorScheme}.png`);
        await openPage(page, "Virtual clusters");
        await openConnect(page, "storefront-dev");
        await expect(page.getByRole("radio", { name: /^Direct.*\d ms/ })).toBeChecked();
        await shoot(page, `${README}/direct-${colorScheme}.png`);
      });
    });

    for (const width of [1280, 390]) {
      test.describe(`${width} wide`, () => {
        test.use({ viewport: { width, height: width > 500 ? 800 : 844 } });

        test("every page", async ({ page, server }) => {
          await page.goto("/login");
          await page.getByRole("button", { name: "Sign in" }).waitFor();
          await shoot(page, `${ALL}/sign-in-${width}-${colorScheme}.png`);
          await signIn(page, server.admin);
          await page.getByText("No virtual clusters yet.").waitFor();
          await shoot(page, `${ALL}/empty-${width}-${colorScheme}.png`);
          await fill(server);
          for (const view of VIEWS) {
            await page.goto("/");
            await view.open(page);
            await shoot(page, `${ALL}/${view.name}-${width}-${colorScheme}.png`);
          }
        });
      });
    }
  });
}
