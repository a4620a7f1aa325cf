// Two regions on one machine, from the first click to a kubectl that needs no central instance.
import type { Page } from "@playwright/test";
import { copyKubectlCommands, expect, openConnect, openPage, row, signIn, test } from "../harness.ts";
import { connectRegion } from "../harness/clusters.ts";

const NAMESPACES = ["default", "kube-node-lease", "kube-public", "kube-system"];
const PATH = "/kubernetes/project/default/virtualcluster/north-fox";

/** Where a `kubectl -v 6` says that it went. */
const went = (stderr: string) => [...stderr.matchAll(/"?GET"?[^\n]*?(https:\/\/[^\s"?]+)/g)].map((it) => it[1]);

/** Tests the endpoint that the wizard has filled in, and prefers it. Says which it is. */
async function prefer(page: Page): Promise<string> {
  const main = page.getByRole("main");
  const host = await main.getByLabel("Host").inputValue();
  await main.getByRole("button", { name: "Test" }).click();
  await expect(main.getByRole("group", { name: "Result of the test" })).toContainText("It is the agent of this cluster.");
  await main.getByRole("switch", { name: "Prefer direct" }).click();
  await expect(main.getByRole("switch", { name: "Prefer direct" })).toBeChecked();
  return host;
}

test("a second region is connected, and kubectl goes straight there, even while the central instance is away", async ({
  page,
  server,
  trouble,
  newAgent,
  newShell,
}) => {
  test.setTimeout(180_000);
  // While the central instance is away.
  trouble.allow(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|status of 50\d/);
  const [agent, shell] = [await newAgent(), await newShell()];
  let host = "";

  await test.step("the wizard runs to done, endpoint and all", async () => {
    await signIn(page, server.admin);
    await connectRegion(page, "Europe 1", agent);
    host = await prefer(page);
    await page.getByRole("button", { name: "Go on" }).click();
    await expect(page.getByRole("heading", { name: "Europe 1 is connected" })).toBeVisible();
  });

  await test.step("a virtual cluster is made there", async () => {
    await page.getByRole("link", { name: "Create the first virtual cluster here" }).click();
    const form = page.getByRole("dialog", { name: "New virtual cluster" });
    await form.getByLabel("Name").fill("north-fox");
    await form.getByRole("button", { name: "Create virtual cluster" }).click();
  });
  const panel = page.getByRole("dialog", { name: "Connect to north-fox" });

  await test.step("what the panel offers for Direct goes straight to the region", async () => {
    await expect(panel).toContainText("Running");
    await expect(panel.getByRole("radio", { name: /^Direct/ })).toBeChecked();
    const pasted = await shell.run(await copyKubectlCommands(page));
    expect(pasted.code, pasted.stderr).toBe(0);
    const said = await shell.run("kubectl get ns -o name -v 6");
    expect(said.stdout.trim().split("\n")).toEqual(NAMESPACES.map((it) => `namespace/${it}`));
    const places = went(said.stderr);
    expect(places.length, said.stderr).toBeGreaterThan(0);
    for (const place of places) expect(place).toContain(`https://${host}${PATH}`);
  });

  await test.step("with the central instance away, the same kubectl still works, writing too", async () => {
    await server.stop();
    const said = await shell.run("kubectl get ns -o name && kubectl create configmap alone --from-literal=a=b");
    expect(said.code, said.stderr).toBe(0);
    for (const name of NAMESPACES) expect(said.stdout).toContain(`namespace/${name}`);
    expect(said.stdout).toContain("configmap/alone created");
    await server.start();
  });

  await test.step("Central gives the address of the gateway, which finds what was written", async () => {
    await page.keyboard.press("Escape");
    await openPage(page, "Clusters");
    await expect(row(page, "Europe 1")).toContainText("Online");
    await openPage(page, "Virtual clusters");
    await openConnect(page, "north-fox");
    await panel.getByRole("radio", { name: /^Central gateway/ }).check();
    const pasted = await shell.run(await copyKubectlCommands(page));
    expect(pasted.code, pasted.stderr).toBe(0);
    const said = await shell.run("kubectl get configmap alone -o name -v 6");
    expect(said.stdout.trim()).toBe("configmap/alone");
    for (const place of went(said.stderr)) expect(place).toContain(`${server.secureUrl}${PATH}`);
  });
});
