// The wizard: by an agent, by a kubeconfig, and what each of them refuses.
import type { Page } from "@playwright/test";
import { copyAll, expect, findings, heading, openPage, row, signIn, tab, test } from "../harness.ts";
import { beginConnecting, connectRegion, menuItem } from "../harness/clusters.ts";

const CODE = /--code '?(\w+)/;

/** One line of the checklist, by its title. */
const line = (page: Page, title: string) => page.getByRole("listitem").filter({ hasText: new RegExp(`^${title}:`) });

test("an agent is connected by the command that the wizard shows, and the wizard follows it to the end", async ({ page, server, newAgent }) => {
  test.setTimeout(120_000);
  await signIn(page, server.admin);
  const agent = await newAgent();
  await connectRegion(page, "Europe 1", agent);
  for (const title of ["First contact", "Join code accepted", "Agent version", "API answers", "Connected"]) {
    await expect(line(page, title)).toContainText("done");
  }
  await page.getByRole("button", { name: "Skip for now" }).click();
  await expect(page.getByRole("heading", { name: "Europe 1 is connected" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("heading", { name: "Europe 1 is connected" })).toBeVisible();
  await page.getByRole("link", { name: "Create the first virtual cluster here" }).click();
  const panel = page.getByRole("dialog", { name: "New virtual cluster" });
  await expect(panel.getByLabel("Host")).toHaveValue("europe-1");
  await panel.getByLabel("Name").fill("north-fox");
  await panel.getByRole("button", { name: "Create virtual cluster" }).click();
  const connect = page.getByRole("dialog", { name: "Connect to north-fox" });
  await expect(connect).toContainText("Running");
  await page.keyboard.press("Escape");
  await openPage(page, "Clusters");
  await expect(row(page, "Europe 1")).toContainText("1 / 1 awake");
  await expect(row(page, "Europe 1")).toContainText("embedded");
});

test("the ID follows the name, and one that is taken is told while it is typed", async ({ page, server }) => {
  await signIn(page, server.admin);
  await page.goto("/clusters/connect");
  await page.getByLabel("Display name").fill("Loft Cluster");
  await expect(page.getByLabel("ID", { exact: true })).toHaveValue("loft-cluster");
  await expect(page.getByText("A cluster “loft-cluster” is connected already.")).toBeVisible();
  await page.getByLabel("ID", { exact: true }).fill("eu");
  await page.getByLabel("Display name").fill("Something else");
  await expect(page.getByLabel("ID", { exact: true })).toHaveValue("eu");
  await expect(page.getByText("is connected already")).toHaveCount(0);
});

test("the join code is hidden, runs down, and goes with the page", async ({ page, server }) => {
  await signIn(page, server.admin);
  await beginConnecting(page, "Europe 1");
  const main = page.getByRole("main");
  const first = CODE.exec(await copyAll(page))?.[1] ?? "";
  expect(first.length).toBeGreaterThan(20);
  await expect(main).not.toContainText(first);
  await expect(page.getByRole("timer")).toHaveText(/^(9:\d\d|10:00)$/);
  await page.getByRole("button", { name: "Show code" }).click();
  await expect(main).toContainText(first);
  await page.getByRole("button", { name: "New code" }).click();
  await expect(main).not.toContainText(first);
  await openPage(page, "Clusters");
  await expect(row(page, "Europe 1")).toContainText("Waiting for agent");
  await page.getByRole("link", { name: "Go on connecting it" }).click();
  await expect(page.getByRole("button", { name: "Make a code" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Copy all commands" })).toHaveCount(0);
});

test("the Helm command names the chart of this instance", async ({ page, server }) => {
  await signIn(page, server.admin);
  await beginConnecting(page, "Europe 1");
  await tab(page, "Helm");
  const commands = await copyAll(page);
  expect(commands).toContain(`helm upgrade --install dormer-agent ${server.secureUrl}/charts/dormer.tgz`);
  expect(commands).toContain("--set-string agent.cluster=europe-1");
  await page.getByText("What this installs").click();
  await expect(page.getByText("A ServiceAccount bound to cluster-admin")).toBeVisible();
});

test("a wrong code turns its line red and says what to do", async ({ page, server, newAgent }) => {
  await signIn(page, server.admin);
  await beginConnecting(page, "Europe 1");
  const command = await copyAll(page);
  const agent = await newAgent();
  const code = CODE.exec(command)?.[1] ?? "";
  agent.run(command.replace(code, code.slice(0, -4) + "aaaa"));
  await expect(line(page, "Join code accepted")).toContainText("failed");
  await expect(line(page, "Join code accepted")).toContainText("Copy the command again");
  await expect(page.getByRole("button", { name: "New code" })).toBeVisible();
});

test("a kubeconfig is looked at before it is sent", async ({ page, server }) => {
  await signIn(page, server.admin);
  await page.goto("/clusters/connect");
  await page.getByLabel("Display name").fill("By file");
  await page.getByRole("radio", { name: /^Kubeconfig/ }).check();
  await page.getByRole("button", { name: "Connect cluster" }).click();
  await expect(page.getByText("Paste a kubeconfig, or drop a file.")).toBeVisible();
  await page.getByRole("textbox", { name: "Kubeconfig" }).fill(TWO_CONTEXTS);
  await expect(page.getByText("No current-context; choose one.")).toBeVisible();
  await page.getByRole("radio", { name: /^by-plugin/ }).check();
  await expect(page.getByText("This file uses an exec plugin (gcloud)").first()).toBeVisible();
  await page.getByLabel("Kubeconfig file").setInputFiles({
    name: "config",
    mimeType: "application/yaml",
    buffer: Buffer.from(":\n  - ]"),
  });
  await expect(page.getByText("This is not YAML.")).toBeVisible();
});

test("a file can be dropped on the form", async ({ page, server }) => {
  await signIn(page, server.admin);
  await page.goto("/clusters/connect");
  await page.getByRole("radio", { name: /^Kubeconfig/ }).check();
  const transfer = await page.evaluateHandle((text) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], "config"));
    return transfer;
  }, TWO_CONTEXTS);
  await page.getByRole("textbox", { name: "Kubeconfig" }).dispatchEvent("drop", { dataTransfer: transfer });
  await expect(page.getByRole("radio", { name: /^by-token/ })).toBeVisible();
});

test("a cluster is disconnected by its name, and what is left behind is named", async ({ page, server, newAgent }) => {
  test.setTimeout(120_000);
  const api = await server.api();
  await signIn(page, server.admin);
  await connectRegion(page, "Europe 1", await newAgent());
  await api.addVcluster("calm-otter", { clusterRef: { cluster: "europe-1" } });
  await openPage(page, "Clusters");
  await menuItem(page, "Europe 1", "Disconnect");
  const dialog = page.getByRole("dialog", { name: "Disconnect Europe 1?" });
  await expect(dialog).toContainText("default / calm-otter");
  await expect(dialog.getByRole("button", { name: "Cancel" })).toBeFocused();
  await dialog.getByRole("button", { name: "Disconnect cluster" }).click();
  await expect(dialog).toContainText("Type europe-1 to say that you mean it.");
  await dialog.getByLabel("Name of the cluster").fill("europe-1");
  await dialog.getByRole("button", { name: "Disconnect cluster" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(row(page, "Europe 1")).toHaveCount(0);
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme, viewport: { width: 390, height: 844 } });

    test("axe finds nothing to mend in the wizard", async ({ page, server, newAgent }) => {
      test.setTimeout(120_000);
      await signIn(page, server.admin);
      await page.goto("/clusters/connect");
      await expect(heading(page, "Connect a cluster")).toBeVisible();
      await page.getByRole("radio", { name: /^Kubeconfig/ }).check();
      await page.getByRole("textbox", { name: "Kubeconfig" }).fill(TWO_CONTEXTS);
      expect.soft(await findings(page), "name and kubeconfig").toEqual([]);
      await beginConnecting(page, "Europe 1");
      expect.soft(await findings(page), "run and handshake").toEqual([]);
      (await newAgent()).run(await copyAll(page));
      await expect(page.getByRole("heading", { name: "Direct endpoint (optional)" })).toBeVisible();
      await page.getByText("Ingress for this host").click();
      expect.soft(await findings(page), "endpoint").toEqual([]);
      await page.getByRole("button", { name: "Skip for now" }).click();
      await expect(page.getByRole("heading", { name: "Europe 1 is connected" })).toBeVisible();
      expect.soft(await findings(page), "done").toEqual([]);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(over).toBe(0);
    });
  });
}

const TWO_CONTEXTS = `apiVersion: v1
kind: Config
clusters:
  - name: a
    cluster: {server: "https://kubernetes.example.com:6443"}
users:
  - name: plugin
    user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: gcloud}}
  - name: token
    user: {token: abc}
contexts:
  - name: by-plugin
    context: {cluster: a, user: plugin}
  - name: by-token
    context: {cluster: a, user: token}
`;
