// What a person does on many pages.
import { expect, type Locator, type Page } from "@playwright/test";
import type { Person } from "./server.ts";

/** Signs in on the sign-in page and waits for the list of virtual clusters. */
export async function signIn(page: Page, person: Person): Promise<void> {
  await page.goto("/login");
  await fillSignIn(page, person);
  await expect(page.getByRole("heading", { name: "Virtual clusters", level: 1 })).toBeVisible();
}

export async function fillSignIn(page: Page, { username, password }: Person): Promise<void> {
  await page.getByLabel("Username or email").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** The row of a table that is about `name`: its first cell, the row's header, says so. */
export function row(page: Page, name: string): Locator {
  return page.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });
}

/** What a person would paste. */
export async function clipboardText(page: Page): Promise<string> {
  return page.evaluate(() => navigator.clipboard.readText());
}
