import { expect, fillSignIn, heading, invite, signIn, test } from "../harness.ts";

test("a person signs in and is on the list of virtual clusters", async ({ page, server }) => {
  await page.goto("/");
  await expect(page).toHaveURL(/\/login/);
  await fillSignIn(page, server.admin);
  await expect(heading(page, "Virtual clusters")).toBeVisible();
});

test("after signing in a person is where they wanted to go, query and all", async ({ page, server }) => {
  await page.goto("/users?q=dana");
  await fillSignIn(page, server.admin);
  await expect(heading(page, "Users")).toBeVisible();
  await expect(page).toHaveURL(/\/users\?q=dana$/);
});

test("signing in never leads to another site", async ({ page, server }) => {
  await page.goto(`/login?next=${encodeURIComponent("//127.0.0.1:9/elsewhere")}`);
  await fillSignIn(page, server.admin);
  await expect(heading(page, "Virtual clusters")).toBeVisible();
  expect(new URL(page.url()).origin).toBe(server.url);
});

test("the email address does as well as the username", async ({ page, server }) => {
  const dana = await (await server.api()).addUser("dana", { email: "dana@example.com" });
  await signIn(page, { username: "dana@example.com", password: dana.password });
});

test("a wrong password and an unknown person are refused in the same words", async ({ page, server, trouble }) => {
  trouble.allow(/status of 401/);
  const words = "Username or password is not right.";
  await page.goto("/login");
  await fillSignIn(page, { username: server.admin.username, password: "guess" });
  await expect(page.getByRole("alert")).toHaveText(words);
  await fillSignIn(page, { username: "nobody", password: "guess" });
  await expect(page.getByRole("alert")).toHaveText(words);
});

test("what was not typed is told at its field, and the server is not asked", async ({ page }) => {
  await page.goto("/login");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByLabel("Username or email")).toBeFocused();
  await expect(page.getByText("Type your username or email.")).toBeVisible();
  await expect(page.getByText("Type your password.")).toBeVisible();
});

test("after many wrong tries the page says how long to wait", async ({ page, trouble }) => {
  trouble.allow(/status of (401|429)/);
  await page.goto("/login");
  await expect(async () => {
    await fillSignIn(page, { username: "admin", password: "guess" });
    await expect(page.getByRole("alert")).toContainText(/Too many tries\. Try again in \d+ s/, { timeout: 500 });
  }).toPass({ intervals: [0] });
});

test("the password can be looked at", async ({ page }) => {
  await page.goto("/login");
  const password = page.getByLabel("Password", { exact: true });
  await password.fill("secret");
  await expect(password).toHaveAttribute("type", "password");
  await page.getByRole("button", { name: "Show password" }).click();
  await expect(password).toHaveAttribute("type", "text");
});

test("signing out ends the session in every tab", async ({ page, server, context }) => {
  await signIn(page, server.admin);
  const other = await context.newPage();
  await other.goto("/clusters");
  await expect(heading(other, "Clusters")).toBeVisible();
  await page.getByRole("button", { name: /, profile$/ }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
  await other.reload();
  await expect(other.getByRole("button", { name: "Sign in" })).toBeVisible();
});

test("no script of the page can read the session", async ({ page, server, context }) => {
  await signIn(page, server.admin);
  expect(await page.evaluate(() => document.cookie)).toBe("");
  const stored = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  expect(stored).not.toMatch(/vck_|token|password/i);
  for (const cookie of await context.cookies()) {
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict" });
  }
});

test("an invite link sets a first password, once", async ({ page, server, newPerson, trouble }) => {
  trouble.allow(/status of (401|404|410)/);
  await signIn(page, server.admin);
  const link = await invite(page, "dana");
  const theirs = await newPerson();
  await theirs.goto(link);
  await expect(heading(theirs, "Welcome, dana")).toBeVisible();
  await theirs.getByLabel("New password").fill("a boat with two oars");
  await theirs.getByRole("button", { name: "Set password and sign in" }).click();
  await expect(heading(theirs, "Virtual clusters")).toBeVisible();
  const late = await newPerson();
  await late.goto(link);
  await expect(heading(late, "This invite does not work")).toBeVisible();
  await signIn(late, { username: "dana", password: "a boat with two oars" });
});

test("a theme that is chosen is there after a reload", async ({ page, server }) => {
  await signIn(page, server.admin);
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await background();
  await page.getByRole("button", { name: /, profile$/ }).click();
  await page.getByRole("radio", { name: "Dark" }).check();
  await expect.poll(background).not.toBe(light);
  const dark = await background();
  await page.reload();
  await expect.poll(background).toBe(dark);
});
