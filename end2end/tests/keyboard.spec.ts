// Each flow again, by keyboard alone.
import { clipboardText, expect, heading, row, signIn, tabTo, test } from "../harness.ts";

test("signing in needs no mouse", async ({ page, server }) => {
  await page.goto("/login");
  await tabTo(page, page.getByLabel("Username or email"));
  await page.keyboard.type(server.admin.username);
  await tabTo(page, page.getByLabel("Password", { exact: true }));
  await page.keyboard.type(server.admin.password);
  await page.keyboard.press("Enter");
  await expect(heading(page, "Virtual clusters")).toBeVisible();
});

test("the first stop leads past the navigation", async ({ page, server }) => {
  await signIn(page, server.admin);
  await page.reload();
  await expect(heading(page, "Virtual clusters")).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("main").getByRole("link", { name: "Choose…" })).toBeFocused();
});

test("a virtual cluster is made, connected to, put to sleep and deleted without a mouse", async ({ page, server }) => {
  await signIn(page, server.admin);
  await tabTo(page, page.getByRole("link", { name: "Choose…" }));
  await page.keyboard.press("Enter");
  const panel = page.getByRole("dialog", { name: "New virtual cluster" });
  await tabTo(page, panel.getByLabel("Name"));
  await page.keyboard.press("Control+A");
  await page.keyboard.type("By hand");
  await page.keyboard.press("Enter");
  const connect = page.getByRole("dialog", { name: "Connect to By hand" });
  await expect(connect).toBeVisible();

  await tabTo(page, connect.getByRole("tab", { name: "kubectl" }));
  await page.keyboard.press("ArrowRight");
  await expect(connect.getByRole("tab", { name: "vcluster CLI" })).toBeFocused();
  await expect(connect.getByRole("tab", { name: "vcluster CLI" })).toHaveAttribute("aria-selected", "true");
  await tabTo(page, connect.getByRole("button", { name: "Copy all commands" }));
  await page.keyboard.press("Enter");
  await expect(connect.getByRole("status").filter({ hasText: "Copied" })).toHaveCount(1);
  expect(await clipboardText(page)).toContain("vcluster platform connect vcluster by-hand");
  await page.keyboard.press("Escape");
  await expect(connect).toHaveCount(0);

  await tabTo(page, row(page, "By hand").getByRole("button", { name: /^Sleep/ }));
  await page.keyboard.press("Enter");
  await expect(row(page, "By hand")).toContainText("Sleeping");
  await tabTo(page, row(page, "By hand").getByRole("button", { name: /^Delete/ }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Cancel" })).toBeFocused();
  await tabTo(page, page.getByRole("button", { name: "Delete virtual cluster" }));
  await page.keyboard.press("Enter");
  await expect(row(page, "By hand")).toHaveCount(0);
});

test("an access key is made and revoked without a mouse", async ({ page, server }) => {
  await signIn(page, server.admin);
  await tabTo(page, page.getByRole("link", { name: "Access keys" }));
  await page.keyboard.press("Enter");
  await expect(heading(page, "Access keys")).toBeFocused();
  await tabTo(page, page.getByRole("link", { name: "Create key" }).first());
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("dialog").getByLabel("Name"));
  await page.keyboard.type("ci-web");
  await page.keyboard.press("Enter");
  const saved = page.getByRole("button", { name: "I have saved it" });
  await expect(saved).toBeVisible();
  await tabTo(page, saved);
  await page.keyboard.press("Enter");
  await tabTo(page, row(page, "ci-web").getByRole("button", { name: /Revoke/ }));
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("button", { name: "Revoke key" }));
  await page.keyboard.press("Enter");
  await expect(row(page, "ci-web")).toHaveCount(0);
});

test("a person is added without a mouse", async ({ page, server }) => {
  await signIn(page, server.admin);
  await tabTo(page, page.getByRole("link", { name: "Users" }));
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("link", { name: "Add user" }));
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("dialog").getByLabel("Username"));
  await page.keyboard.type("dana");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog", { name: "Invite link for dana" })).toContainText("/invite?token=");
});

test("the focus stays where it was when Sleep turns into Wake, and back", async ({ page, server }) => {
  await (await server.api()).addVcluster("calm-otter");
  await signIn(page, server.admin);
  await tabTo(page, row(page, "calm-otter").getByRole("button", { name: "Sleep calm-otter" }));
  await page.keyboard.press("Enter");
  await expect(row(page, "calm-otter")).toContainText("Sleeping");
  await expect(page.getByRole("button", { name: "Wake calm-otter" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(row(page, "calm-otter")).toContainText("Running");
  await expect(page.getByRole("button", { name: "Sleep calm-otter" })).toBeFocused();
});

test("after a deletion the focus is on the heading, and not lost", async ({ page, server }) => {
  await (await server.api()).addVcluster("calm-otter");
  await signIn(page, server.admin);
  await tabTo(page, row(page, "calm-otter").getByRole("button", { name: "Delete calm-otter" }));
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("button", { name: "Delete virtual cluster" }));
  await page.keyboard.press("Enter");
  await expect(row(page, "calm-otter")).toHaveCount(0);
  await expect(heading(page, "Virtual clusters")).toBeFocused();
});
