// What a person does on many pages. Everything is found by its role and its name, as a screen
// reader finds it.
import { expect, type Locator, type Page } from "@playwright/test";
import type { Person } from "./server.ts";

/** Signs in on the sign-in page and waits for the list of virtual clusters. */
export async function signIn(page: Page, person: Person): Promise<void> {
  await page.goto("/login");
  await fillSignIn(page, person);
  await expect(heading(page, "Virtual clusters")).toBeVisible();
}

export async function fillSignIn(page: Page, { username, password }: Person): Promise<void> {
  await page.getByLabel("Username or email").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** The one heading that says where one is. */
export function heading(page: Page, name: string | RegExp): Locator {
  return page.getByRole("heading", { level: 1, name, exact: true });
}

/** Goes to a page by the navigation, which is behind a button on a narrow screen. */
export async function openPage(page: Page, name: string): Promise<void> {
  const link = page.getByRole("navigation").getByRole("link", { name, exact: true });
  const menu = page.getByRole("button", { name: "Menu" });
  await expect(link.or(menu).first()).toBeVisible();
  if (await menu.isVisible()) await menu.click();
  await link.click();
  await expect(heading(page, name)).toBeVisible();
}

/** The row of a table whose header, its first cell, says `name`. */
export function row(page: Page, name: string | RegExp): Locator {
  return page.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });
}

/** What the rows are about, in their order. */
export async function rowNames(page: Page): Promise<string[]> {
  return (await page.getByRole("rowheader").allInnerTexts()).map((it) => it.trim());
}

/** Picks an action from the menu of a row. */
export async function rowAction(page: Page, name: string, action: string): Promise<void> {
  await row(page, name).getByRole("button", { name: /^More/ }).click();
  await page.getByRole("menuitem", { name: action, exact: true }).click();
}

/** What a person would paste. */
export async function clipboardText(page: Page): Promise<string> {
  return page.evaluate(() => navigator.clipboard.readText());
}

export async function newPanel(page: Page): Promise<Locator> {
  await page.getByRole("button", { name: "New virtual cluster" }).click();
  const panel = page.getByRole("dialog", { name: "New virtual cluster" });
  await expect(panel).toBeVisible();
  return panel;
}

export async function openConnect(page: Page, name: string): Promise<Locator> {
  await row(page, name).getByRole("button", { name: /^Connect/ }).click();
  const panel = page.getByRole("dialog", { name: `Connect to ${name}` });
  await expect(panel).toBeVisible();
  return panel;
}

export async function tab(page: Page, name: string): Promise<void> {
  await page.getByRole("tab", { name, exact: true }).click();
}

/** In the Connect panel: makes a key and copies the kubectl commands that use it. */
export async function copyKubectlCommands(page: Page): Promise<string> {
  await tab(page, "kubectl");
  await page.getByRole("button", { name: "Make a key" }).click();
  await expect(page.getByRole("button", { name: "Make a key" })).toHaveCount(0);
  await page.getByRole("button", { name: "Copy all" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Copied" })).toHaveCount(1);
  return clipboardText(page);
}

export async function addUserPanel(page: Page): Promise<Locator> {
  await page.getByRole("button", { name: "Add user" }).click();
  const panel = page.getByRole("dialog", { name: "Add user" });
  await expect(panel).toBeVisible();
  return panel;
}

/** Adds a person without a password, and returns the link of their invite. */
export async function invite(page: Page, username: string): Promise<string> {
  await openPage(page, "Users");
  const panel = await addUserPanel(page);
  await panel.getByLabel("Username").fill(username);
  await panel.getByRole("button", { name: "Add user" }).click();
  await page.getByRole("dialog").getByRole("button", { name: /^Copy/ }).click();
  const link = await clipboardText(page);
  expect(link).toContain("/invite?token=");
  return link;
}

/** Makes an access key, and returns the dialog that shows it once. */
export async function createKey(page: Page, name: string): Promise<Locator> {
  await page.getByRole("button", { name: "Create key" }).first().click();
  const panel = page.getByRole("dialog");
  await panel.getByLabel("Name").fill(name);
  await panel.getByRole("button", { name: "Create key" }).click();
  await expect(panel.getByRole("button", { name: "I have saved it" })).toBeVisible();
  return panel;
}

/** The most stops that a page may put between a person and what they want. */
const STOPS_MAX = 60;

/** Presses Tab until `target` has the focus. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(target).toBeVisible();
  for (let stop = 0; stop < STOPS_MAX; stop++) {
    if (await target.evaluate((it) => it === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  await expect(target, `not reached in ${STOPS_MAX} stops`).toBeFocused({ timeout: 1 });
}
