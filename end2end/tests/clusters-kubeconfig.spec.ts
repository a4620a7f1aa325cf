// A cluster that is connected by its kubeconfig. The far cluster is that of another instance.
import { Api, expect, openPage, row, Server, signIn, test } from "../harness.ts";

/** What a person would paste: the host cluster of `far`, by an access key of it. */
async function kubeconfigOf(far: Server): Promise<string> {
  const api = await Api.signIn(far.url, far.admin);
  const { body } = await api.ask("GET", "/auth/instance");
  const cluster = {
    server: `${far.secureUrl}/kubernetes/cluster/loft-cluster`,
    "certificate-authority-data": body.caData,
  };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "far",
    clusters: [{ name: "far", cluster }],
    users: [{ name: "far", user: { token: api.key } }],
    contexts: [{ name: "far", context: { cluster: "far", user: "far" } }],
  });
}

test.describe("with leave to dial this machine", () => {
  test.use({ serverEnv: { DORMER_ALLOW_CLUSTER_ADDRESSES: "127.0.0.1/32" } });

  test("a cluster is connected by its kubeconfig", async ({ page, server }) => {
    const far = await Server.start();
    try {
      await signIn(page, server.admin);
      await page.goto("/clusters/connect");
      await page.getByLabel("Display name").fill("By file");
      await page.getByRole("radio", { name: /^Kubeconfig/ }).check();
      await page.getByRole("textbox", { name: "Kubeconfig" }).fill(await kubeconfigOf(far));
      await expect(page.getByRole("radio", { name: /^far/ })).toBeChecked();
      await page.getByRole("button", { name: "Connect cluster" }).click();
      await expect(page.getByRole("heading", { name: "By file is connected" })).toBeVisible();
      await openPage(page, "Clusters");
      await expect(row(page, "By file")).toContainText("by kubeconfig");
      await expect(row(page, "By file")).toContainText("Online");
    } finally {
      await far.close();
    }
  });
});

test("an address that this instance may not dial is refused in words, under the field", async ({ page, server, trouble }) => {
  trouble.allow(/status of 422/);
  await signIn(page, server.admin);
  await page.goto("/clusters/connect");
  await page.getByLabel("Display name").fill("By file");
  await page.getByRole("radio", { name: /^Kubeconfig/ }).check();
  const field = page.getByRole("textbox", { name: "Kubeconfig" });
  await field.fill(await kubeconfigOf(server));
  await page.getByRole("button", { name: "Connect cluster" }).click();
  await expect(field).toHaveAccessibleDescription(/127\.0\.0\.1|loopback/);
  await expect(field).toBeFocused();
});
