// axe on every page and panel, in both themes and on a wide and a narrow screen; and the structure
// of each page as a screen reader has it.
import type { Page } from "@playwright/test";
import { expect, findings, heading, openPage, signIn, test, type Server } from "../harness.ts";
import { VIEWS } from "../views.ts";

async function prepare(page: Page, server: Server): Promise<void> {
  const api = await server.api();
  await api.addVcluster("calm-otter");
  await api.addVcluster("brave-heron");
  await api.sleep("brave-heron");
  await api.addUser("dana");
  await signIn(page, server.admin);
}

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1280, 390]) {
    test.describe(`${colorScheme}, ${width} wide`, () => {
      test.use({ colorScheme, viewport: { width, height: 844 } });

      test("axe finds nothing to mend on the pages of somebody who is signed in", async ({ page, server }) => {
        test.setTimeout(120_000);
        await prepare(page, server);
        for (const view of VIEWS) {
          await page.goto("/");
          await view.open(page);
          expect.soft(await findings(page), view.name).toEqual([]);
        }
      });

      test("axe finds nothing to mend on the pages of somebody who is not", async ({ page, trouble }) => {
        trouble.allow(/status of 404 .*\/auth\/invite\/inspect$/);
        for (const path of ["/login", "/invite?token=wrong"]) {
          await page.goto(path);
          await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
          expect.soft(await findings(page), path).toEqual([]);
        }
      });

      test("no page is wider than the screen", async ({ page, server }) => {
        await prepare(page, server);
        for (const view of VIEWS) {
          await page.goto("/");
          await view.open(page);
          const over = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          );
          expect.soft(over, view.name).toBe(0);
        }
      });
    });
  }
}

test("the sign-in page is built as a screen reader expects", async ({ page }) => {
  await page.goto("/login");
  await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
  await expect(page.getByRole("main")).toMatchAriaSnapshot({ name: "sign-in.yml" });
});

test("the frame of every page is built as a screen reader expects", async ({ page, server }) => {
  await signIn(page, server.admin);
  await expect(page.getByRole("banner")).toMatchAriaSnapshot({ name: "frame.yml" });
});

test("each page is built as a screen reader expects", async ({ page, server }) => {
  test.setTimeout(120_000);
  await prepare(page, server);
  for (const view of VIEWS) {
    await page.goto("/");
    await view.open(page);
    // The last one, where a dialog stands over a panel.
    const part = page.getByRole(view.panel ? "dialog" : "main").last();
    await expect.soft(part).toMatchAriaSnapshot({ name: `${view.name}.yml` });
  }
});

test("every page has one heading of the first level and a title of its own", async ({ page, server }) => {
  await prepare(page, server);
  const titles = new Set<string>();
  for (const name of ["Virtual clusters", "Clusters", "Users", "Access keys"]) {
    await openPage(page, name);
    await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
    await expect(heading(page, name)).toBeVisible();
    titles.add(await page.title());
  }
  expect(titles.size).toBe(4);
});
