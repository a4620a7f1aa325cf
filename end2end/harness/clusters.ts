// What a person does with host clusters.
import { expect, type Page } from "@playwright/test";
import type { Agent } from "./agent.ts";
import { copyAll, heading, openPage } from "./page.ts";

/** Chooses a line of the menu of a cluster. */
export async function menuItem(page: Page, cluster: string, words: string): Promise<void> {
  await page.getByRole("button", { name: `More for ${cluster}` }).click();
  await page.getByRole("menuitem", { name: words, exact: true }).click();
}

/** Opens the wizard and names a cluster, which its agent is to connect. */
export async function beginConnecting(page: Page, title: string): Promise<void> {
  await openPage(page, "Clusters");
  await page.getByRole("link", { name: "Connect a cluster" }).click();
  await expect(heading(page, "Connect a cluster")).toBeVisible();
  await page.getByLabel("Display name").fill(title);
  await page.getByRole("button", { name: "Go on" }).click();
  await expect(page.getByRole("heading", { name: "Run the agent" })).toBeVisible();
}

/** Connects a region as a person does: by the command that the wizard shows. */
export async function connectRegion(page: Page, title: string, agent: Agent): Promise<void> {
  await beginConnecting(page, title);
  agent.run(await copyAll(page));
  await expect(page.getByRole("heading", { name: "Direct endpoint (optional)" })).toBeVisible();
}
