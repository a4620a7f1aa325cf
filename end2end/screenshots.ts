// Pictures of the real product with believable data: `make screenshots`. Those of the README go
// to screenshots/, every page at two widths in both themes to ../target/screenshots/, to be looked at.
import type { Page } from "@playwright/test";
import { Api, expect, row, signIn, test, type Server } from "./harness.ts";
import { VIEWS } from "./views.ts";

const README = "screenshots";
const ALL = "../target/screenshots";

/** Who has which virtual clusters, and which of them sleep. */
const PEOPLE: { username: string; displayName: string; awake: string[]; asleep: string[] }[] = [
  { username: "dana", displayName: "Dana Kim", awake: ["storefront-dev", "checkout-ci"], asleep: ["load-test"] },
  { username: "ben", displayName: "Ben Adeyemi", awake: ["ml-notebooks"], asleep: ["docs-preview", "upgrade-trial"] },
  { username: "ines", displayName: "Inês Duarte", awake: ["onboarding-lab"], asleep: [] },
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
