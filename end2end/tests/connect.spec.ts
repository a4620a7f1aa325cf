import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  act,
  clipboardText,
  confirm,
  copyAll,
  expect,
  copyKubectlCommands,
  openConnect,
  row,
  signIn,
  tab,
  test,
} from "../harness.ts";

test.beforeEach(async ({ page, server }) => {
  await (await server.api()).addVcluster("calm-otter");
  await signIn(page, server.admin);
});

test("the kubectl commands work in a shell that has nothing but kubectl", async ({ page, newShell }) => {
  await openConnect(page, "calm-otter");
  const commands = await copyKubectlCommands(page);
  const output = await (await newShell()).run(commands);
  expect(output.code, output.stderr).toBe(0);
  expect(output.stdout).toContain("kube-system");
});

test("the key is in no argument that other users of the machine could read", async ({ page }) => {
  await openConnect(page, "calm-otter");
  const lines = (await copyKubectlCommands(page)).split("\n").filter((line) => line.includes("vck_"));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^export DORMER_ACCESS_KEY='vck_\w+'/);
});

test("the key is hidden on the screen until it is asked for", async ({ page }) => {
  const panel = await openConnect(page, "calm-otter");
  await copyKubectlCommands(page);
  const key = /vck_\w{20,}/;
  await expect(panel).not.toContainText(key);
  await panel.getByRole("button", { name: "Show key" }).click();
  await expect(panel).toContainText(key);
});

test("a closed panel forgets the key", async ({ page }) => {
  await openConnect(page, "calm-otter");
  await copyKubectlCommands(page);
  await page.keyboard.press("Escape");
  const panel = await openConnect(page, "calm-otter");
  await expect(panel.getByRole("button", { name: "Make a key" })).toBeVisible();
});

test("the lines for the loft CLI are the ones it knows", async ({ page, server }) => {
  await openConnect(page, "calm-otter");
  await tab(page, "loft CLI");
  expect(await copyAll(page)).toBe(
    `loft login ${server.secureUrl} --insecure &&\n` +
      "loft use vcluster calm-otter --project default &&\n" +
      "kubectl get ns\n",
  );
});

test("the lines for the vcluster CLI are the ones it knows", async ({ page, server }) => {
  await openConnect(page, "calm-otter");
  await tab(page, "vcluster CLI");
  expect(await copyAll(page)).toBe(
    `vcluster platform login ${server.secureUrl} --insecure &&\n` +
      "vcluster platform connect vcluster calm-otter --project default &&\n" +
      "kubectl get ns\n",
  );
});

test("one line is copied by its own button, which says so", async ({ page }) => {
  const panel = await openConnect(page, "calm-otter");
  await panel.getByRole("button", { name: "Copy: Check" }).click();
  await expect(panel.getByRole("status").filter({ hasText: "Copied" })).toHaveCount(1);
  expect(await clipboardText(page)).toBe("kubectl get ns");
});

test("the kubeconfig works as it is downloaded", async ({ page, newShell }) => {
  await openConnect(page, "calm-otter");
  await tab(page, "Kubeconfig");
  await page.getByRole("button", { name: "Make a key" }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download calm-otter.kubeconfig" }).click(),
  ]);
  expect(download.suggestedFilename()).toBe("calm-otter.kubeconfig");
  const shell = await newShell();
  await download.saveAs(join(shell.home, "calm-otter.kubeconfig"));
  const output = await shell.run("kubectl --kubeconfig calm-otter.kubeconfig get ns");
  expect(output.code, output.stderr).toBe(0);
  expect(output.stdout).toContain("kube-public");
  expect(await readFile(join(shell.home, "calm-otter.kubeconfig"), "utf8")).toMatch(/stops working on/);
});

test("a key that was made here is among the access keys, and revoking it ends the access", async ({ page, newShell }) => {
  await openConnect(page, "calm-otter");
  const commands = await copyKubectlCommands(page);
  const shell = await newShell();
  await shell.run(commands);
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Access keys" }).click();
  await act(page, "Revoke", "connect calm-otter");
  await confirm(page, "Revoke connect calm-otter?", "Revoke key");
  await expect
    .poll(async () => (await shell.run("kubectl get ns")).stderr)
    .toMatch(/Unauthorized|logged in/);
});

test("asleep, the panel says that the first request wakes it, and it does", async ({ page, newShell }) => {
  const panel = await openConnect(page, "calm-otter");
  const commands = await copyKubectlCommands(page);
  await page.keyboard.press("Escape");
  await act(page, "Sleep", "calm-otter");
  await expect(row(page, "calm-otter")).toContainText("Sleeping");
  await openConnect(page, "calm-otter");
  await expect(panel).toContainText("The first request wakes it.");
  const output = await (await newShell()).run(commands);
  expect(output.code, output.stderr).toBe(0);
  await expect(panel).toContainText("Running");
});

test("the panel has a link of its own", async ({ page }) => {
  await openConnect(page, "calm-otter");
  await page.reload();
  await expect(page.getByRole("dialog", { name: "Connect to calm-otter" })).toBeVisible();
});
