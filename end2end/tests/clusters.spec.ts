import { clipboardText, expect, openPage, row, signIn, test } from "../harness.ts";
import { menuItem } from "../harness/clusters.ts";

test("the local cluster is there, and says how many of its virtual clusters are awake", async ({ page, server }) => {
  const api = await server.api();
  await api.addVcluster("calm-otter");
  await signIn(page, server.admin);
  await openPage(page, "Clusters");
  const local = row(page, "loft-cluster");
  await expect(local).toContainText("Online");
  await expect(local).toContainText("1 / 1 awake");
  await expect(local).toContainText("Central");
  await api.sleep("calm-otter");
  await expect(local).toContainText("1 / 0 awake");
  await api.addVcluster("brave-heron");
  await expect(local).toContainText("2 / 1 awake");
  const region = page.getByRole("list", { name: "Regions" }).getByRole("listitem").filter({ hasText: "Local" });
  await expect(region).toContainText("1 awake, 1 asleep");
  await expect(region).toContainText(/Central \d+ ms/);
});

test("a developer sees the clusters that they may use, and nothing that only administrators do", async ({ page, server }) => {
  const dana = await (await server.api()).addUser("dana");
  await signIn(page, dana);
  await openPage(page, "Clusters");
  await expect(row(page, "loft-cluster")).toBeVisible();
  await expect(page.getByRole("link", { name: "Connect a cluster" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: /^More for/ })).toHaveCount(0);
  await page.goto("/clusters/connect");
  await expect(page.getByText("Only administrators connect clusters.")).toBeVisible();
  await page.goto("/clusters?panel=edit&name=loft-cluster");
  await expect(page.getByRole("dialog")).toContainText("Only administrators change clusters.");
});

test("a cluster is renamed, labelled and shared", async ({ page, server }) => {
  const api = await server.api();
  await api.addUser("dana");
  await signIn(page, server.admin);
  await openPage(page, "Clusters");
  await menuItem(page, "Local", "Edit");
  const panel = page.getByRole("dialog", { name: "Edit Local" });
  await panel.getByLabel("Display name").fill("Home");
  await panel.getByLabel("Labels").fill("region");
  await panel.getByRole("button", { name: "Save" }).click();
  await expect(panel).toContainText("Line 1 has no =. Write key=value.");
  await panel.getByLabel("Labels").fill("region=eu");
  await panel.getByRole("radio", { name: /^Administrators and these/ }).check();
  await panel.getByRole("checkbox", { name: "dana" }).check();
  await panel.getByRole("button", { name: "Save" }).click();
  await expect(panel).toHaveCount(0);
  await expect(row(page, "Home")).toBeVisible();
  const object = await api.get("clusters/loft-cluster");
  expect(object.metadata.labels).toMatchObject({ region: "eu" });
  expect(object.spec.access).toContainEqual({ verbs: ["use", "get"], users: ["dana"] });
});

test("new virtual clusters can be kept away, and let in again", async ({ page, server }) => {
  await signIn(page, server.admin);
  await openPage(page, "Clusters");
  await menuItem(page, "Local", "No new virtual clusters here");
  await expect(row(page, "Local")).toContainText("no new ones");
  await menuItem(page, "Local", "Allow new virtual clusters again");
  await expect(row(page, "Local")).not.toContainText("no new ones");
});

test("what cannot be done to the local cluster says why", async ({ page, server }) => {
  await signIn(page, server.admin);
  await openPage(page, "Clusters");
  await page.getByRole("button", { name: "More for Local" }).click();
  const disconnect = page.getByRole("menuitem", { name: "Disconnect" });
  await expect(disconnect).toHaveAccessibleDescription("It is part of this instance.");
  // Playwright waits for what says that it is disabled; a person clicks all the same.
  await disconnect.click({ force: true });
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("the menu is walked by the keyboard, and gives the focus back", async ({ page, server }) => {
  await signIn(page, server.admin);
  await openPage(page, "Clusters");
  const button = page.getByRole("button", { name: "More for Local" });
  await button.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menuitem", { name: "Connect with kubectl" })).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("menuitem", { name: "Edit" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(button).toBeFocused();
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog", { name: "Edit Local" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("the commands for a host cluster itself work in a shell", async ({ page, server, newShell }) => {
  await signIn(page, server.admin);
  await openPage(page, "Clusters");
  await menuItem(page, "Local", "Connect with kubectl");
  await page.getByRole("button", { name: "Make a key" }).click();
  await expect(page.getByRole("button", { name: "Make a key" })).toHaveCount(0);
  await page.getByRole("button", { name: "Copy all commands" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Copied" })).toHaveCount(1);
  const output = await (await newShell()).run(await clipboardText(page));
  expect(output.code, output.stderr).toBe(0);
  expect(output.stdout).toContain("kube-system");
});
