// Every page and panel that a signed-in administrator sees, and how they get there. There has to be
// a virtual cluster with the name calm-otter.
import { expect, type Page } from "@playwright/test";
import { addUserPanel, createKey, newPanel, openConnect, openPage, row } from "./harness.ts";
import { menuItem } from "./harness/clusters.ts";

async function clusterPanel(page: Page, item: string, title: string): Promise<void> {
  await openPage(page, "Clusters");
  await menuItem(page, "Local", item);
  await expect(page.getByRole("dialog", { name: title })).toBeVisible();
}

export interface View {
  name: string;
  /** It is a panel over a page. */
  panel?: true;
  open: (page: Page) => Promise<unknown>;
}

export const VIEWS: View[] = [
  { name: "virtual-clusters", open: (page) => expect(row(page, "calm-otter")).toBeVisible() },
  { name: "new-virtual-cluster", panel: true, open: (page) => newPanel(page) },
  { name: "connect", panel: true, open: (page) => openConnect(page, "calm-otter") },
  { name: "clusters", open: (page) => openPage(page, "Clusters") },
  {
    name: "connect-cluster",
    open: async (page) => {
      await openPage(page, "Clusters");
      await page.getByRole("link", { name: "Connect a cluster" }).click();
      await expect(page.getByLabel("Display name")).toBeFocused();
    },
  },
  { name: "edit-cluster", panel: true, open: (page) => clusterPanel(page, "Edit", "Edit Local") },
  {
    name: "connect-host",
    panel: true,
    open: (page) => clusterPanel(page, "Connect with kubectl", "Connect to Local"),
  },
  { name: "users", open: (page) => openPage(page, "Users") },
  {
    name: "add-user",
    panel: true,
    open: async (page) => (await openPage(page, "Users"), addUserPanel(page)),
  },
  { name: "access-keys", open: (page) => openPage(page, "Access keys") },
  {
    name: "new-access-key",
    panel: true,
    open: async (page) => (await openPage(page, "Access keys"), createKey(page, "ci-web")),
  },
];
