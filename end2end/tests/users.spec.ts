import { act, addUserPanel, confirm, copyInvite, expect, fillSignIn, heading, openPage, row, signIn, test } from "../harness.ts";

test.beforeEach(async ({ page, server }) => {
  await signIn(page, server.admin);
  await openPage(page, "Users");
});

test("a person who is added with a password signs in with it", async ({ page, newPerson }) => {
  const panel = await addUserPanel(page);
  await panel.getByLabel("Username").fill("dana");
  await panel.getByLabel("Password", { exact: true }).fill("a boat with two oars");
  await panel.getByRole("button", { name: "Add user" }).click();
  await expect(row(page, "dana")).toContainText("Active");
  await signIn(await newPerson(), { username: "dana", password: "a boat with two oars" });
});

test("a person who is added without a password is invited by a link that is shown once", async ({ page }) => {
  const panel = await addUserPanel(page);
  await panel.getByLabel("Username").fill("dana");
  await panel.getByRole("button", { name: "Add and get an invite link" }).click();
  expect(await copyInvite(page, "dana")).toMatch(/\/invite\?token=\S{20,}$/);
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
  await act(page, "Lock", "dana");
  await expect(row(page, "dana")).toContainText("Locked");
  await theirs.reload();
  await fillSignIn(theirs, dana);
  await expect(theirs.getByRole("alert")).toContainText("locked");
  await act(page, "Unlock", "dana");
  await expect(row(page, "dana")).toContainText("Active");
  await signIn(theirs, dana);
});

test("a person is deleted after a question that names them", async ({ page, server }) => {
  await (await server.api()).addUser("dana");
  await act(page, "Delete", "dana");
  await confirm(page, "Delete dana?", "Delete user");
  await expect(row(page, "dana")).toHaveCount(0);
});

test("the last administrator can be neither locked nor deleted, and is told why", async ({ page }) => {
  for (const name of [/^Lock/, /^Delete/]) {
    const button = row(page, "admin").getByRole("button", { name });
    await expect(button).toBeDisabled();
    await expect(button).toHaveAccessibleDescription(/^The last administrator cannot be /);
  }
});

test("a developer has no page of users", async ({ server, newPerson, trouble }) => {
  trouble.allow(/status of 403/);
  const dana = await (await server.api()).addUser("dana");
  const theirs = await newPerson();
  await signIn(theirs, dana);
  await expect(theirs.getByRole("link", { name: "Users" })).toHaveCount(0);
  await theirs.goto("/users");
  await expect(theirs.getByText("Only administrators see the users.")).toBeVisible();
  await expect(row(theirs, "admin")).toHaveCount(0);
});

test("a person who is made an administrator may add others", async ({ page, newPerson }) => {
  const panel = await addUserPanel(page);
  await panel.getByLabel("Username").fill("dana");
  await panel.getByLabel("Role").selectOption({ label: "Administrator: can do everything" });
  await panel.getByLabel("Password", { exact: true }).fill("a boat with two oars");
  await panel.getByRole("button", { name: "Add user" }).click();
  const theirs = await newPerson();
  await signIn(theirs, { username: "dana", password: "a boat with two oars" });
  await openPage(theirs, "Users");
  await expect(heading(theirs, "Users")).toBeVisible();
  await expect(row(theirs, "admin")).toBeVisible();
});
