import { addUserPanel, expect, fillSignIn, heading, openPage, row, rowAction, signIn, test } from "../harness.ts";

test.beforeEach(async ({ page, server }) => {
  await signIn(page, server.admin);
  await openPage(page, "Users");
});

test("a person who is added with a password signs in with it", async ({ page, newPerson }) => {
  const panel = await addUserPanel(page);
  await panel.getByLabel("Username").fill("dana");
  await panel.getByLabel("Set a password").check();
  await panel.getByLabel("Password", { exact: true }).fill("a boat with two oars");
  await panel.getByRole("button", { name: "Add user" }).click();
  await expect(row(page, "dana")).toContainText("Active");
  await signIn(await newPerson(), { username: "dana", password: "a boat with two oars" });
});

test("a person who is added without a password is invited by a link that is shown once", async ({ page }) => {
  const panel = await addUserPanel(page);
  await panel.getByLabel("Username").fill("dana");
  await panel.getByRole("button", { name: "Add user" }).click();
  await expect(page.getByRole("dialog")).toContainText("/invite?token=");
  await page.getByRole("dialog").getByRole("button", { name: /Done|I have/ }).click();
  await expect(row(page, "dana")).toContainText("Invited");
  await page.reload();
  await expect(row(page, "dana")).toContainText("Invited");
  expect(await page.content()).not.toContain("/invite?token=");
});

test("a locked person is out at once, and back when they are unlocked", async ({ page, server, newPerson, trouble }) => {
  trouble.allow(/status of 40[13]/);
  const dana = await (await server.api()).addUser("dana");
  const theirs = await newPerson();
  await signIn(theirs, dana);
  await rowAction(page, "dana", "Lock");
  await page.getByRole("dialog").getByRole("button", { name: "Lock" }).click();
  await expect(row(page, "dana")).toContainText("Locked");
  await theirs.reload();
  await fillSignIn(theirs, dana);
  await expect(theirs.getByRole("alert")).toContainText("locked");
  await rowAction(page, "dana", "Unlock");
  await expect(row(page, "dana")).toContainText("Active");
  await signIn(theirs, dana);
});

test("a person is deleted after a question that names them", async ({ page, server }) => {
  await (await server.api()).addUser("dana");
  await rowAction(page, "dana", "Delete");
  const question = page.getByRole("dialog", { name: /Delete dana/ });
  await question.getByRole("button", { name: "Delete" }).click();
  await expect(row(page, "dana")).toHaveCount(0);
});

test("the last administrator can be neither locked nor deleted, and is told why", async ({ page }) => {
  await row(page, "admin").getByRole("button", { name: /^More/ }).click();
  for (const name of ["Lock", "Delete"]) {
    const item = page.getByRole("menuitem", { name });
    await expect(item).toBeDisabled();
    await expect(item).toHaveAccessibleDescription(/last administrator/);
  }
});

test("a developer has no page of users", async ({ server, newPerson, trouble }) => {
  trouble.allow(/status of 403/);
  const dana = await (await server.api()).addUser("dana");
  const theirs = await newPerson();
  await signIn(theirs, dana);
  await expect(theirs.getByRole("link", { name: "Users" })).toHaveCount(0);
  await theirs.goto("/users");
  await expect(theirs.getByText("You may not see the users.")).toBeVisible();
  await expect(row(theirs, "admin")).toHaveCount(0);
});

test("a person who is made an administrator may add others", async ({ page, newPerson }) => {
  const panel = await addUserPanel(page);
  await panel.getByLabel("Username").fill("dana");
  await panel.getByLabel("Role").selectOption({ label: "Administrator" });
  await panel.getByLabel("Set a password").check();
  await panel.getByLabel("Password", { exact: true }).fill("a boat with two oars");
  await panel.getByRole("button", { name: "Add user" }).click();
  const theirs = await newPerson();
  await signIn(theirs, { username: "dana", password: "a boat with two oars" });
  await openPage(theirs, "Users");
  await expect(heading(theirs, "Users")).toBeVisible();
  await expect(row(theirs, "admin")).toBeVisible();
});
