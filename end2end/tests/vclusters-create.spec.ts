import { VCLUSTERS, expect, newPanel, newVcluster, row, signIn, test } from "../harness.ts";

test.beforeEach(async ({ page, server }) => signIn(page, server.admin));

test("one click makes a virtual cluster with a name of its own, and leads to Connect", async ({ page }) => {
  const name = await newVcluster(page);
  expect(name).toMatch(/^[a-z]+-[a-z]+$/);
  await expect(page.getByRole("tab", { name: "kubectl" })).toBeVisible();
  await expect(row(page, name)).toContainText("Running");
});

test("the id follows the name until it is edited", async ({ page }) => {
  const panel = await newPanel(page);
  await panel.getByLabel("Name").fill("Dana's Test Cluster!");
  await expect(panel.getByText("dana-s-test-cluster", { exact: true })).toBeVisible();
  await panel.getByRole("button", { name: "Edit id" }).click();
  await expect(panel.getByLabel("Id")).toHaveValue("dana-s-test-cluster");
  await panel.getByLabel("Id").fill("dana-1");
  await panel.getByLabel("Name").fill("Something else");
  await expect(panel.getByLabel("Id")).toHaveValue("dana-1");
});

test("one click on the button makes it, though the complaint above it has just gone", async ({ page }) => {
  const panel = await newPanel(page);
  await panel.getByLabel("Name").fill("");
  await panel.getByRole("button", { name: "Create virtual cluster" }).click();
  await expect(panel.getByText("Give it a name.")).toHaveCount(1);
  await panel.getByLabel("Name").fill("Second try");
  await expect(panel.getByText("Give it a name.")).toHaveCount(0);
  await panel.getByRole("button", { name: "Create virtual cluster" }).click();
  await expect(page.getByRole("dialog", { name: "Connect to Second try" })).toBeVisible();
});

test("what is chosen in the form is what is made", async ({ page, server }) => {
  const panel = await newPanel(page);
  await panel.getByLabel("Name").fill("Chosen");
  await panel.getByLabel("Sleep after").selectOption({ label: "30 min" });
  await panel.getByLabel("Values (YAML)").fill("sync:\n  toHost:\n    ingresses:\n      enabled: true\n");
  await panel.getByRole("button", { name: "Create virtual cluster" }).click();
  await expect(page.getByRole("dialog", { name: "Connect to Chosen" })).toBeVisible();
  const made = await (await server.api()).get(`${VCLUSTERS}/chosen`);
  expect(made.spec.displayName).toBe("Chosen");
  expect(made.metadata.annotations).toMatchObject({ "sleepmode.loft.sh/sleep-after": "1800" });
  expect(JSON.stringify(made.spec)).toContain("ingresses");
});

test("the creation goes on when the panel is closed", async ({ page }) => {
  const name = await newVcluster(page);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(row(page, name)).toContainText("Running");
});

test("the panel has a link of its own", async ({ page }) => {
  await newPanel(page);
  await page.reload();
  await expect(page.getByRole("dialog", { name: "New virtual cluster" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/\/vclusters$/);
});

test("a closed panel gives the focus back to what opened it", async ({ page }) => {
  await newPanel(page);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("link", { name: "Choose…" })).toBeFocused();
});

test("two people who make one at once both get theirs", async ({ page, server, newPerson }) => {
  const other = await newPerson();
  await signIn(other, server.admin);
  const names = await Promise.all([newVcluster(page), newVcluster(other)]);
  for (const theirs of [page, other]) {
    for (const name of names) await expect(row(theirs, name)).toContainText("Running");
  }
});

test("what is typed is not thrown away without a question", async ({ page }) => {
  const panel = await newPanel(page);
  await panel.getByLabel("Name").fill("Half done");
  await page.keyboard.press("Escape");
  await panel.getByRole("button", { name: "Keep editing" }).click();
  await expect(panel.getByLabel("Name")).toHaveValue("Half done");
  await page.keyboard.press("Escape");
  await panel.getByRole("button", { name: "Discard" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page.getByText("No virtual clusters yet.")).toBeVisible();
});
