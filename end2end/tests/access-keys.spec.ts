import { act, clipboardText, confirm, createKey, expect, heading, openPage, row, signIn, test } from "../harness.ts";

test.beforeEach(async ({ page, server }) => {
  await signIn(page, server.admin);
  await openPage(page, "Access keys");
});

test("a new key is shown once, with the line that signs a CLI in", async ({ page, server }) => {
  const shown = await createKey(page, "ci-web");
  await shown.getByRole("button", { name: "Copy: Sign in the loft CLI" }).click();
  await expect(shown.getByRole("status").filter({ hasText: "Copied" })).toHaveCount(1);
  const line = await clipboardText(page);
  expect(line).toMatch(new RegExp(`^loft login ${server.secureUrl} --access-key vck_\\w+ --insecure$`));
  await shown.getByRole("button", { name: "I have saved it" }).click();
  const key = /vck_\w+/.exec(line)?.[0] ?? "";
  await expect(row(page, "ci-web")).toBeVisible();
  await expect(page.getByText(key)).toHaveCount(0);
  await page.reload();
  await expect(row(page, "ci-web")).toContainText("never");
  expect(await page.content()).not.toContain(key);
});

test("a key does what its owner may, until it is revoked", async ({ page, server }) => {
  const shown = await createKey(page, "ci-web");
  await shown.getByRole("button", { name: "Copy the access key" }).click();
  await expect(shown.getByRole("status").filter({ hasText: "Copied" })).toHaveCount(1);
  const key = await clipboardText(page);
  await shown.getByRole("button", { name: "I have saved it" }).click();
  const ask = () =>
    fetch(`${server.url}/kubernetes/management/apis/management.loft.sh/v1/projects`, {
      headers: { authorization: `Bearer ${key}` },
    });
  expect((await ask()).status).toBe(200);
  await act(page, "Revoke", "ci-web");
  await confirm(page, "Revoke ci-web?", "Revoke key");
  await expect(row(page, "ci-web")).toHaveCount(0);
  expect((await ask()).status).toBe(401);
});

test("a key that is not saved yet is not lost by a slip of the finger", async ({ page }) => {
  const shown = await createKey(page, "ci-web");
  await page.keyboard.press("Escape");
  await expect(shown.getByRole("button", { name: "I have saved it" })).toBeVisible();
});

test("a key needs a name that says what it is for", async ({ page }) => {
  await page.getByRole("link", { name: "Create key" }).first().click();
  const panel = page.getByRole("dialog", { name: "Create access key" });
  await panel.getByRole("button", { name: "Create key" }).click();
  await expect(panel.getByLabel("Name")).toHaveAccessibleDescription(/Say what it is for/);
  await expect(panel.getByLabel("Name")).toBeFocused();
});

test("a key ends after 30 days where nothing else is chosen", async ({ page }) => {
  await createKey(page, "ci-web");
  await page.getByRole("button", { name: "I have saved it" }).click();
  await expect(row(page, "ci-web")).toContainText("in 4 weeks");
});

test("nobody sees the keys of others", async ({ page, server, newPerson }) => {
  await createKey(page, "ci-web");
  const ben = await (await server.api()).addUser("ben");
  const his = await newPerson();
  await signIn(his, ben);
  await openPage(his, "Access keys");
  await expect(heading(his, "Access keys")).toBeVisible();
  await expect(row(his, "ci-web")).toHaveCount(0);
});
