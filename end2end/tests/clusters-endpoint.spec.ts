// The direct endpoint: tested, preferred, forced, and what the Connect panel makes of it.
import type { Locator, Page } from "@playwright/test";
import { clipboardText, copyKubectlCommands, expect, findings, openConnect, openPage, row, signIn, test } from "../harness.ts";
import { connectRegion, menuItem } from "../harness/clusters.ts";

// The browser is to trust the agent's own authority, as it would one of a company.
test.use({ ignoreHTTPSErrors: true });
test.setTimeout(120_000);

/** Connects a region and opens the panel of its endpoint. */
async function openEndpoint(page: Page, title: string): Promise<Locator> {
  await openPage(page, "Clusters");
  await menuItem(page, title, "Direct endpoint…");
  const panel = page.getByRole("dialog", { name: `Direct endpoint of ${title}` });
  await expect(panel).toBeVisible();
  return panel;
}

async function prefer(panel: Locator): Promise<void> {
  await panel.getByRole("button", { name: "Test" }).click();
  await expect(panel.getByRole("group", { name: "Result of the test" })).toContainText("Agent: well.");
  await panel.getByRole("switch", { name: "Prefer direct" }).click();
  await expect(panel.getByRole("switch", { name: "Prefer direct" })).toBeChecked();
}

test("an endpoint is filled in by its agent, tested from both sides, and preferred", async ({ page, server, newAgent }) => {
  await signIn(page, server.admin);
  const agent = await newAgent();
  await connectRegion(page, "Europe 1", agent);
  const panel = await openEndpoint(page, "Europe 1");
  await expect(panel.getByLabel("Host")).toHaveValue(agent.endpoint.replace("127.0.0.1", "localhost"));
  await expect(panel.getByRole("radio", { name: /^This authority/ })).toBeChecked();
  await panel.getByRole("switch", { name: "Prefer direct" }).click();
  await expect(panel).toContainText("Test it first.");
  await expect(panel.getByRole("switch", { name: "Prefer direct" })).not.toBeChecked();
  await prefer(panel);
  const found = panel.getByRole("group", { name: "Result of the test" });
  for (const step of ["Name", "Connection", "Certificate", "Health"]) await expect(found).toContainText(`${step}: well.`);
  await expect(found).toContainText(/Reached in \d+ ms\. The central instance is \d+ ms away\./);
  expect(await findings(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await expect(row(page, "Europe 1")).toContainText(/Direct ✓ \d+ ms/);
  await panel.getByRole("switch", { name: "Prefer direct" }).waitFor({ state: "detached" });
  const again = await openEndpoint(page, "Europe 1");
  await again.getByRole("switch", { name: "Prefer direct" }).click();
  await expect(again.getByRole("switch", { name: "Prefer direct" })).not.toBeChecked();
  await page.keyboard.press("Escape");
  await expect(row(page, "Europe 1")).toContainText("Central");
});

test("an endpoint that was not found well is preferred only by force", async ({ page, server, newAgent }) => {
  await signIn(page, server.admin);
  const agent = await newAgent();
  await connectRegion(page, "Europe 1", agent);
  const panel = await openEndpoint(page, "Europe 1");
  await panel.getByLabel("Host").fill("https://localhost:1/");
  await expect(panel).toContainText("Removed https:// - only the host is needed");
  await panel.getByRole("button", { name: "Test" }).click();
  await expect(panel.getByRole("group", { name: "Result of the test" })).toContainText("Connection: failed.");
  await panel.getByRole("switch", { name: "Prefer direct" }).click();
  await expect(panel).toContainText("The check failed.");
  await panel.getByRole("checkbox", { name: "Prefer it although the check failed" }).check();
  await panel.getByRole("switch", { name: "Prefer direct" }).click();
  await expect(panel.getByRole("switch", { name: "Prefer direct" })).toBeChecked();
  await page.keyboard.press("Escape");
  await expect(row(page, "Europe 1")).toContainText("Direct, check failed");
});

test("not to check the certificate needs a reason, which everybody who connects is told", async ({ page, server, newAgent }) => {
  const api = await server.api();
  await signIn(page, server.admin);
  await connectRegion(page, "Europe 1", await newAgent());
  await api.addVcluster("calm-otter", { clusterRef: { cluster: "europe-1" } });
  const panel = await openEndpoint(page, "Europe 1");
  await panel.getByRole("radio", { name: /^Do not check/ }).check();
  await panel.getByRole("button", { name: "Test" }).click();
  await expect(panel).toContainText("Say why, for whoever finds this setting later.");
  await panel.getByLabel("Reason").fill("lab network");
  await prefer(panel);
  await page.keyboard.press("Escape");
  await openPage(page, "Virtual clusters");
  const connect = await openConnect(page, "calm-otter");
  await expect(connect).toContainText("is not checked. An administrator set that: lab network");
  await connect.getByRole("radio", { name: /^Central gateway/ }).check();
  await expect(connect).not.toContainText("lab network");
});

test("the Connect panel offers both ways, says how far they are, and its commands go that way", async ({ page, server, newAgent, newShell }) => {
  const api = await server.api();
  await signIn(page, server.admin);
  const agent = await newAgent();
  await connectRegion(page, "Europe 1", agent);
  await api.addVcluster("calm-otter", { clusterRef: { cluster: "europe-1" } });
  const panel = await openEndpoint(page, "Europe 1");
  await prefer(panel);
  const host = await panel.getByLabel("Host").inputValue();
  await page.keyboard.press("Escape");
  await openPage(page, "Virtual clusters");
  const connect = await openConnect(page, "calm-otter");
  await expect(connect.getByRole("radio", { name: new RegExp(`^Direct, ${host} *\\d+ ms`) })).toBeChecked();
  await expect(connect.getByRole("radio", { name: /^Central gateway *\d+ ms/ })).toBeVisible();
  expect(await findings(page)).toEqual([]);
  const shell = await newShell();
  const direct = await shell.run(await copyKubectlCommands(page));
  expect(direct.code, direct.stderr).toBe(0);
  expect(direct.stdout).toContain("kube-system");
  const said = await shell.run("kubectl get ns -v 6");
  expect(said.stderr).toContain(`https://${host}/kubernetes/project/default/virtualcluster/calm-otter`);
  await connect.getByRole("radio", { name: /^Central gateway/ }).check();
  await page.getByRole("button", { name: "Copy all commands" }).click();
  await expect.poll(() => clipboardText(page)).toContain(server.secureUrl + "/kubernetes/project");
  const central = await shell.run(await clipboardText(page));
  expect(central.code, central.stderr).toBe(0);
  expect((await shell.run("kubectl get ns -v 6")).stderr).toContain(server.secureUrl);
});

test("while the endpoint was found broken, Central is chosen and Direct says so", async ({ page, server, newAgent }) => {
  const api = await server.api();
  await signIn(page, server.admin);
  const agent = await newAgent();
  await connectRegion(page, "Europe 1", agent);
  await api.addVcluster("calm-otter", { clusterRef: { cluster: "europe-1" } });
  const panel = await openEndpoint(page, "Europe 1");
  await prefer(panel);
  await agent.stop();
  await panel.getByRole("button", { name: "Test" }).click();
  await expect(panel.getByRole("group", { name: "Result of the test" })).toContainText("failed.");
  await page.keyboard.press("Escape");
  await openPage(page, "Virtual clusters");
  const connect = await openConnect(page, "calm-otter");
  await expect(connect.getByRole("radio", { name: /^Central gateway/ })).toBeChecked();
  await expect(connect).toContainText("Not well when it was checked");
  await connect.getByRole("radio", { name: /^Direct/ }).check();
  await expect(connect.getByRole("radio", { name: /^Direct/ })).toBeChecked();
});
