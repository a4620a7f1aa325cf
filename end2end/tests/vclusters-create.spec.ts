import { VCLUSTERS, expect, newPanel, row, rowNames, signIn, test } from "../harness.ts";

test.beforeEach(async ({ page, server }) => signIn(page, server.admin));

test("one click makes a virtual cluster with a name of its own, and leads to Connect", async ({ page }) => {
  const panel = await newPanel(page);
  const name = await panel.getByLabel("Name").inputValue();
  expect(name).toMatch(/^[a-z]+-[a-z]+$/);
  await panel.getByRole("button", { name: "Create" }).click();
  await expect(page.getByRole("dialog", { name: `Connect to ${name}` })).toBeVisible();
  await expect(row(page, name)).toContainText("Running");
});

test("the ID follows the name until it is edited", async ({ page }) => {
  const panel = await newPanel(page);
  await panel.getByLabel("Name").fill("Dana's Test Cluster!");
  await expect(panel.getByLabel("ID")).toHaveValue("dana-s-test-cluster");
  await panel.getByLabel("ID").fill("dana-1");
  await panel.getByLabel("Name").fill("Something else");
  await expect(panel.getByLabel("ID")).toHaveValue("dana-1");
});

test("what is chosen in the form is what is made", async ({ page, server }) => {
  const panel = await newPanel(page);
  await panel.getByLabel("Name").fill("Chosen");
  await panel.getByLabel("Sleep after").selectOption({ label: "30 min without use" });
  await panel.getByLabel("Values").fill("sync:\n  toHost:\n    ingresses:\n      enabled: true\n");
  await panel.getByRole("button", { name: "Create" }).click();
  await expect(page.getByRole("dialog", { name: "Connect to Chosen" })).toBeVisible();
  const made = await (await server.api()).get(`${VCLUSTERS}/chosen`);
  expect(made.spec.displayName).toBe("Chosen");
  expect(made.metadata.annotations).toMatchObject({ "sleepmode.loft.sh/sleep-after": "1800" });
  expect(JSON.stringify(made.spec)).toContain("ingresses");
});

test("the creation goes on when the panel is closed", async ({ page }) => {
  const panel = await newPanel(page);
  const name = await panel.getByLabel("Name").inputValue();
  await panel.getByRole("button", { name: "Create" }).click();
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

test("a closed panel gives the focus back to its button", async ({ page }) => {
  await newPanel(page);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "New virtual cluster" })).toBeFocused();
});

test("two people who make one at once both get theirs", async ({ page, server, newPerson }) => {
  const other = await newPerson();
  await signIn(other, server.admin);
  const panels = [await newPanel(page), await newPanel(other)];
  await Promise.all(panels.map((it) => it.getByRole("button", { name: "Create" }).click()));
  for (const theirs of [page, other]) {
    await expect(theirs.getByRole("dialog", { name: /^Connect to/ })).toBeVisible();
    await expect.poll(() => rowNames(theirs)).toHaveLength(2);
  }
});
