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

/** The row of a table whose header, its first cell, says `name` in one of its lines. */
export function row(page: Page, name: string | RegExp): Locator {
  const header = page.getByRole("rowheader").filter({ has: page.getByText(name, { exact: true }) });
  return page.getByRole("row").filter({ has: header });
}

/** What the rows are about, in their order. */
export async function rowNames(page: Page): Promise<string[]> {
  const headers = await page.getByRole("rowheader").allInnerTexts();
  return headers.map((it) => it.trim().split("\n")[0] ?? "");
}

/** Presses a button of a row: its name is what it does and to what. */
export async function act(page: Page, action: string, name: string): Promise<void> {
  await row(page, name).getByRole("button", { name: `${action} ${name}`, exact: true }).click();
}

/** Answers the question that `act` brought up. */
export async function confirm(page: Page, question: string, answer: string): Promise<void> {
  const dialog = page.getByRole("dialog", { name: question, exact: true });
  await dialog.getByRole("button", { name: answer, exact: true }).click();
}

/** What a person would paste. */
export async function clipboardText(page: Page): Promise<string> {
  return page.evaluate(() => navigator.clipboard.readText());
}

/** One click makes a virtual cluster; returns its name once its panel is there. */
export async function newVcluster(page: Page): Promise<string> {
  await page.getByRole("button", { name: "New virtual cluster" }).click();
  const panel = page.getByRole("dialog", { name: /^Connect to / });
  const title = await panel.getByRole("heading", { level: 2 }).innerText();
  return title.replace("Connect to ", "");
}

/** Opens the panel that makes a virtual cluster from choices. */
export async function newPanel(page: Page): Promise<Locator> {
  await page.getByRole("link", { name: "Choose…" }).click();
  const panel = page.getByRole("dialog", { name: "New virtual cluster" });
  await expect(panel).toBeVisible();
  return panel;
}

export async function openConnect(page: Page, name: string): Promise<Locator> {
  await row(page, name).getByRole("link", { name: `Connect to ${name}` }).click();
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
  return copyAll(page);
}

/** Copies the commands of the tab that is open. */
export async function copyAll(page: Page): Promise<string> {
  await page.getByRole("button", { name: "Copy all commands" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Copied" })).toHaveCount(1);
  return clipboardText(page);
}

/** Opens the panel that adds a person. */
export async function addUserPanel(page: Page): Promise<Locator> {
  await page.getByRole("link", { name: "Add user" }).click();
  const panel = page.getByRole("dialog", { name: "Add user" });
  await expect(panel).toBeVisible();
  return panel;
}

/** Adds a person without a password, and returns the link of their invite. */
export async function invite(page: Page, username: string): Promise<string> {
  await openPage(page, "Users");
  const panel = await addUserPanel(page);
  await panel.getByLabel("Username").fill(username);
  await panel.getByRole("button", { name: "Add and get an invite link" }).click();
  return copyInvite(page, username);
}

/** Copies the invite that is shown once, and says that it is kept. */
export async function copyInvite(page: Page, title: string): Promise<string> {
  const shown = page.getByRole("dialog", { name: `Invite link for ${title}` });
  await shown.getByRole("button", { name: "Copy the invite link" }).click();
  await expect(shown.getByRole("status").filter({ hasText: "Copied" })).toHaveCount(1);
  const link = await clipboardText(page);
  await shown.getByRole("button", { name: "I have saved it" }).click();
  return link;
}

/** Makes an access key, and returns the dialog that shows it once. */
export async function createKey(page: Page, name: string): Promise<Locator> {
  await page.getByRole("link", { name: "Create key" }).first().click();
  const panel = page.getByRole("dialog", { name: "Create access key" });
  await panel.getByLabel("Name").fill(name);
  await panel.getByRole("button", { name: "Create key" }).click();
  const shown = page.getByRole("dialog", { name: "Your new access key" });
  await expect(shown).toBeVisible();
  return shown;
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
