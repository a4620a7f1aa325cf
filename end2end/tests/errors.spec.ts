// What happens when it does not go well: each refusal in words, in its place, with nothing lost.
import type { Locator } from "@playwright/test";
import { Api, VCLUSTERS, expect, fillSignIn, newPanel, row, signIn, test } from "../harness.ts";

async function create(panel: Locator): Promise<void> {
  await panel.getByRole("button", { name: "Create virtual cluster" }).click();
}

test("a taken id is refused under its field, with another to take", async ({ page, server, trouble }) => {
  trouble.allow(/status of 409/);
  await (await server.api()).addVcluster("calm-otter");
  await signIn(page, server.admin);
  const panel = await newPanel(page);
  await panel.getByLabel("Name").fill("Calm otter");
  await create(panel);
  await expect(panel.getByRole("alert").filter({ hasText: "already used" })).toBeVisible();
  await panel.getByRole("button", { name: "Use calm-otter-2" }).click();
  await create(panel);
  await expect(page.getByRole("dialog", { name: /Connect to Calm otter/ })).toBeVisible();
});

test("an id that cannot be one is refused under its field before it is sent", async ({ page, server }) => {
  await signIn(page, server.admin);
  const panel = await newPanel(page);
  await panel.getByRole("button", { name: "Edit id" }).click();
  await panel.getByLabel("Id").fill("Calm_Otter");
  await create(panel);
  await expect(panel.getByLabel("Id")).toHaveAccessibleDescription(
    "Only a-z, 0-9 and -, starting and ending with a letter or digit.",
  );
  await expect(panel.getByLabel("Id")).toBeFocused();
  await expect(panel.getByLabel("Id")).toHaveAttribute("aria-invalid", "true");
});

test("a name that is missing or too long is refused under its field", async ({ page, server }) => {
  await signIn(page, server.admin);
  const panel = await newPanel(page);
  await panel.getByLabel("Name").fill("");
  await create(panel);
  await expect(panel.getByLabel("Name")).toHaveAccessibleDescription("Give it a name.");
  await panel.getByLabel("Name").fill("x".repeat(64));
  await create(panel);
  await expect(panel.getByLabel("Name")).toHaveAccessibleDescription("At most 63 characters.");
});

test("values that are not YAML are refused with the line and the column", async ({ page, server, trouble }) => {
  trouble.allow(/status of 422/);
  await signIn(page, server.admin);
  const panel = await newPanel(page);
  await panel.getByLabel("Values (YAML)").fill("sync:\n  toHost: [one\nexportKubeConfig: true\n");
  await create(panel);
  await expect(panel.getByLabel("Values (YAML)")).toHaveAccessibleDescription(/line 3.*column \d+/i);
  await expect(panel.getByLabel("Values (YAML)")).toBeFocused();
});

test("a session that ends in the middle of a form loses nothing of it", async ({ page, server, context, trouble }) => {
  trouble.allow(/status of 401/);
  await signIn(page, server.admin);
  const panel = await newPanel(page);
  await panel.getByLabel("Name").fill("Not lost");
  await panel.getByLabel("Values (YAML)").fill("replicas: 1\n");
  await context.clearCookies();
  await create(panel);
  const again = page.getByRole("dialog", { name: "Sign in again" });
  await expect(again).toContainText("nothing is lost");
  await again.getByLabel("Password", { exact: true }).fill(server.admin.password);
  await again.getByRole("button", { name: "Sign in" }).click();
  // What was asked for is asked again by itself, with all that was typed.
  await expect(page.getByRole("dialog", { name: "Connect to Not lost" })).toBeVisible();
  const made = await (await server.api()).get(`${VCLUSTERS}/not-lost`);
  expect(JSON.stringify(made.spec)).toContain("replicas: 1");
});

test("a server that goes away and comes back costs a word, not the list", async ({ page, server, trouble }) => {
  trouble.allow(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/);
  await (await server.api()).addVcluster("calm-otter");
  await signIn(page, server.admin);
  await expect(page.getByRole("status").filter({ hasText: "Live" })).toBeVisible();
  await server.stop();
  await expect(page.getByRole("status").filter({ hasText: "Reconnecting, as of" })).toBeVisible();
  await expect(row(page, "calm-otter")).toContainText("Running");
  await expect(page.getByRole("alert").filter({ hasText: /./ })).toHaveCount(0);
  await server.start();
  await expect(page.getByRole("status").filter({ hasText: "Live" })).toBeVisible({ timeout: 20_000 });
  await (await server.api()).addVcluster("brave-heron");
  await expect(row(page, "brave-heron")).toContainText("Running");
});

test("what is running when the server ends is there when it is back", async ({ server, newShell }) => {
  const api = await server.api();
  await api.addVcluster("calm-otter");
  const cluster = `--server=${server.secureUrl}/kubernetes/project/default/virtualcluster/calm-otter`;
  const kubectl = `kubectl ${cluster} --token=${api.key} --insecure-skip-tls-verify`;
  const shell = await newShell();
  expect((await shell.run(`${kubectl} create configmap anchor`)).code).toBe(0);
  await server.stop();
  await server.start();
  const output = await shell.run(`${kubectl} get configmap anchor -o name`);
  expect(output.stdout, output.stderr).toBe("configmap/anchor\n");
});

test("signing in while the server is away says so", async ({ page, server, trouble }) => {
  trouble.allow(/ERR_CONNECTION_REFUSED/);
  await page.goto("/login");
  await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
  await server.stop();
  await fillSignIn(page, server.admin);
  await expect(page.getByRole("alert")).toContainText("Cannot reach the server");
  await server.start();
  await fillSignIn(page, server.admin);
  await expect(page.getByRole("heading", { name: "Virtual clusters", level: 1 })).toBeVisible();
});

test("a second developer can neither see nor reach what is not theirs", async ({ server, newPerson, newShell }) => {
  const admin = await server.api();
  const [dana, ben] = [await admin.addUser("dana"), await admin.addUser("ben")];
  await (await Api.signIn(server.url, dana)).addVcluster("calm-otter");
  const his = await newPerson();
  await signIn(his, ben);
  await expect(his.getByText("No virtual clusters yet.")).toBeVisible();
  const hisKey = (await Api.signIn(server.url, ben)).key;
  const shell = await newShell();
  const reach = async (name: string) => {
    const output = await shell.run(
      `kubectl get ns --token=${hisKey} --insecure-skip-tls-verify ` +
        `--server=${server.secureUrl}/kubernetes/project/default/virtualcluster/${name}`,
    );
    // Without the moments and process numbers that kubectl puts before its own messages.
    const words = output.stderr.replaceAll(name, "NAME").replace(/^E\d+ .*?\] /gm, "");
    return { code: output.code, words };
  };
  const there = await reach("calm-otter");
  expect(there.code).not.toBe(0);
  // What is there and forbidden is told in the same words as what is not there.
  expect(there).toEqual(await reach("no-such-one"));
});
